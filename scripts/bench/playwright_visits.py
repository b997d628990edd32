"""The visits of examples/capturebench.rs as a plain Playwright script makes them: a context for each, the page, its text, pictures and bodies."""

import asyncio
import json
import os
import sys
import time

from playwright.async_api import async_playwright

PROGRAMS = ["/usr/lib/chromium/chromium", "/usr/bin/chromium"]


def memory_mib():
    """Proportional set size of this process and everything below it."""
    parents = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as f:
                parents[int(pid)] = int(f.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            pass
    ours, grown = {os.getpid()}, True
    while grown:
        more = {p for p, parent in parents.items() if parent in ours} - ours
        ours, grown = ours | more, bool(more)
    total = 0
    for pid in ours:
        try:
            with open(f"/proc/{pid}/smaps_rollup") as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith("Pss:"))
        except OSError:
            pass
    return total // 1024


async def visit(browser, job):
    phone = job["phone"]
    context = await browser.new_context(
        user_agent=job["agent"],
        viewport={"width": 390, "height": 844} if phone else {"width": 1366, "height": 768},
        is_mobile=phone,
        has_touch=phone,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        ignore_https_errors=True,
        service_workers="block",
    )
    try:
        page = await context.new_page()
        responses = []
        page.on("response", lambda response: responses.append(response))
        try:
            await page.goto(job["url"], referer=job["referer"], wait_until="networkidle", timeout=20_000)
        except Exception as e:  # a page that leads on cuts the first navigation off
            if "interrupted" not in str(e):
                return False
            await page.wait_for_load_state("networkidle", timeout=20_000)
        html = await page.content()
        for frame in page.frames:
            try:
                await frame.inner_text("body", timeout=2_000)
            except Exception:
                pass
        await page.screenshot()
        await page.screenshot(full_page=True)
        if not phone:
            await page.set_viewport_size({"width": 390, "height": 844})
            await page.screenshot()
        for response in responses:
            try:
                await response.body()
            except Exception:
                pass
        return bool(html)
    finally:
        await context.close()


async def main():
    with open(sys.argv[1]) as f:
        plan = json.load(f)
    rules = ",".join([*(f"MAP {host} {address}" for host, address in plan["hosts"]), "MAP * ~NOTFOUND"])
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=next(p for p in PROGRAMS if os.path.exists(p)),
            args=[f"--host-resolver-rules={rules}", *(["--no-sandbox"] if os.geteuid() == 0 else [])],
        )
        queue, pages, began = list(plan["jobs"]), 0, time.monotonic()

        async def worker():
            nonlocal pages
            while queue:
                pages += await visit(browser, queue.pop(0))

        await asyncio.gather(*(worker() for _ in range(plan["at_once"])))
        seconds = time.monotonic() - began
        memory = memory_mib()
        await browser.close()
    print(json.dumps({"visits": len(plan["jobs"]), "pages": pages, "seconds": round(seconds, 1), "memory_mib": memory}))


asyncio.run(main())
