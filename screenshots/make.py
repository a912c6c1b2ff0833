"""Makes the pictures of this folder from the sandbox: python screenshots/make.py"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from vcltui.demo.lab import Lab, open_lab
from vcltui.tui.app import Console

HERE = Path(__file__).parent


async def settle(console: Console) -> None:
    """Wait until every host has answered and the chosen domain was read."""
    for _ in range(200):
        await asyncio.sleep(0.05)
        hosts = console.fleet.hosts()
        subject = console.subject
        if hosts and all(host.answered_at for host in hosts) and subject:
            break
    await asyncio.sleep(2)


async def picture(lab: Lab, name: str, size: tuple[int, int], *keys: str) -> None:
    """Save one SVG after pressing `keys`."""
    console = Console(lab.workspace)
    async with console.run_test(size=size) as pilot:
        await settle(console)
        for key in keys:
            await pilot.press(key)
            await asyncio.sleep(0.7)
        await pilot.pause()
        text = console.export_screenshot(title="vcltui demo").replace(str(lab.directory), "/lab")
        (HERE / f"{name}.svg").write_text(text)
    console.end()


async def main() -> None:
    """Make them all."""
    with tempfile.TemporaryDirectory() as folder, open_lab(Path(folder) / "lab") as lab:
        await picture(lab, "overview", (140, 45))
        await picture(lab, "overview-80x24", (80, 24))
        await picture(lab, "load-plan", (140, 45), "L", "enter")
        await picture(lab, "help", (140, 45), "question_mark")


asyncio.run(main())
