"""The use cases, in the words of the specification; `module` is their face."""
