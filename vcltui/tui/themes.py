"""The console's own themes. One colour has a meaning: the warning's, for what needs attention.

The greys have so little colour that a terminal of 256 colours shows them as greys too.
"""

from textual.theme import Theme

DARK = Theme(
    name="vcltui-dark",
    primary="#5f87af",
    secondary="#7f9fbf",
    accent="#87afd7",
    warning="#e5a33d",
    error="#e5a33d",
    success="#87afd7",
    foreground="#d4d7dc",
    background="#15171a",
    surface="#1b1e22",
    panel="#262a30",
    dark=True,
    variables={
        "block-cursor-background": "#3a5a80",
        "block-cursor-foreground": "#ffffff",
        "footer-key-foreground": "#87afd7",
        "scrollbar": "#4a5057",
        "scrollbar-hover": "#5c636b",
        "scrollbar-active": "#87afd7",
        "scrollbar-background": "#1f2226",
        "scrollbar-background-hover": "#1f2226",
        "scrollbar-background-active": "#1f2226",
    },
)
LIGHT = Theme(
    name="vcltui-light",
    primary="#3a5f8a",
    secondary="#5b7a9d",
    accent="#2f5f96",
    warning="#a85b00",
    error="#a85b00",
    success="#2f5f96",
    foreground="#1c2229",
    background="#f7f8fa",
    surface="#eef0f3",
    panel="#dfe3e9",
    dark=False,
    variables={
        "block-cursor-background": "#3a6ea5",
        "block-cursor-foreground": "#ffffff",
        "footer-key-foreground": "#2f5f96",
        "scrollbar": "#b3b9c1",
        "scrollbar-hover": "#9aa1aa",
        "scrollbar-active": "#2f5f96",
        "scrollbar-background": "#eaecef",
        "scrollbar-background-hover": "#eaecef",
        "scrollbar-background-active": "#eaecef",
    },
)
THEMES = (DARK, LIGHT)
