"""What runs on the management nodes: vcld's children by their command lines."""

from __future__ import annotations

import re

from vcltui.doctor.facts import NodeFacts, Process, Unknown, VcldProcess
from vcltui.doctor.gather_hosts import read_processes
from vcltui.doctor.parts import part
from vcltui.doctor.vcldlog import LogBlock, read_log
from vcltui.nodes.base import Node

# vcld names its children `vcld '|PID|request|reservation|state|' computer>host image user ...`.
_CHILD = re.compile(r"vcld\s+.?\|(\d{1,10})\|(\d{1,10})\|(\d{1,10})\|([a-z]*)\|?")
_BLOCK = re.compile(r"vclblock|block ?request|blockRequest")
_NUMBER = re.compile(r"\d{1,10}")


def gather_node(node: Node) -> NodeFacts | Unknown:
    """What runs on a management node; Unknown with the reason where it does not answer. Blocks."""
    return part(lambda: node_facts(read_processes(node)), f"the processes of {node.name}")


def gather_log(node: Node, path: str) -> tuple[LogBlock, ...] | Unknown:
    """The end of vcld.log on a management node; Unknown where it can't be read. Blocks."""
    return part(lambda: read_log(node, path), f"{path} on {node.name}")


def node_facts(processes: list[Process]) -> NodeFacts:
    """Who of a machine's processes works on what for vcld."""
    children: list[VcldProcess] = []
    blocks: set[int] = set()
    for process in processes:
        child = _CHILD.match(process.arguments)
        if child is not None:
            children.append(
                VcldProcess(
                    process.pid,
                    int(child[2]),
                    int(child[3]),
                    child[4],
                    process.arguments,
                )
            )
        elif process.arguments.startswith("vcl") and _BLOCK.search(process.arguments):
            # Every number in it may be the block request's.
            blocks |= {int(number) for number in _NUMBER.findall(process.arguments)}
    return NodeFacts(
        tuple(children), frozenset(process.pid for process in processes), frozenset(blocks)
    )
