"""Completion in bash, also of names with a colon, at which bash breaks words apart."""

from __future__ import annotations

import os
from typing import Any

from click.shell_completion import BashComplete, CompletionItem, split_arg_string

# bash puts a proposal into the line as it is: without %q a name such as `vm1$(...)` would be run
# by enter. zsh and fish quote what they are given.
_SCRIPT = """\
%(complete_func)s() {
    local response type value
    response=$(COMP_WORDS="${COMP_LINE:0:COMP_POINT}" COMP_CWORD=0 \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null) || return 0
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            plain) printf -v value %%q "$value" && COMPREPLY+=("$value") ;;
            file) compopt -o default ;;
            dir) compopt -o dirnames ;;
        esac
    done <<< "$response"
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class BashCompletion(BashComplete):
    """Takes the line as it was typed and completes what follows its last colon."""

    source_template = _SCRIPT

    def source(self) -> str:
        """The script; unlike the parent's, it starts no shell to ask for its version."""
        return self.source_template % self.source_vars()

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one that is being typed, and what there is of that one."""
        line = os.environ["COMP_WORDS"]
        words = split_arg_string(line)
        incomplete = words.pop() if words and not line[-1:].isspace() else ""
        return words[1:], incomplete

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """A proposal without what bash takes for words before it."""
        _, incomplete = self.get_completion_args()
        kept = incomplete.rfind(":") + 1
        return f"{item.type},{item.value[kept:]}"
