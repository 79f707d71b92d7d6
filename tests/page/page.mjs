// The page in a real browser: filters in the address, keys, the map, a pod's page, ten thousand flows. node page.mjs URL [SCREENSHOTS]
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const [url, pictures] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1280, height: 720 }, colorScheme: "light" });
const faults = [];
page.on("pageerror", (error) => faults.push(String(error)));
// The filter that is none is answered 400, as it should be.
page.on("console", (message) => message.type() === "error" && !message.text().includes("400 (Bad Request)") && faults.push(message.text()));
const checks = [];
const check = async (what, run) => { await run(); checks.push(what); console.log(`ok ${what}`); };
const rows = () => page.locator("#rows .row").allTextContents();
const until = (run) => page.waitForFunction(run, null, { timeout: 15_000 });
const picture = (name) => pictures && page.screenshot({ path: `${pictures}/${name}.png` });

await page.goto(url);
await check("flows come by themselves", () => until(() => document.querySelectorAll("#rows .row").length > 3));
await check("a drop stands out", async () => assert.ok((await page.locator("#rows .row.stop").count()) > 0));
await picture("page-flows");
await check("the filter goes into the address and to the server", async () => {
  await page.selectOption("select[name=verdict]", "DROPPED");
  await until(() => location.search.includes("verdict=DROPPED") && [...document.querySelectorAll("#rows .verdict")].length > 0 &&
    [...document.querySelectorAll("#rows .verdict")].every((cell) => cell.textContent === "DROPPED"));
});
await check("an address with filters opens with them", async () => {
  await page.goto(`${url}?name=bad.test`);
  await until(() => document.querySelector("input[name=name]").value === "bad.test" && document.querySelectorAll("#rows .row").length > 0);
  assert.ok((await rows()).every((row) => row.includes("bad.test")));
});
await check("a filter that is none is told", async () => {
  await page.goto(`${url}?ip=no-address`);
  await until(() => document.querySelector("#fault").textContent.includes("is no address"));
});
await check("keys move, open and close", async () => {
  await page.goto(url);
  await until(() => document.querySelectorAll("#rows .row").length > 3);
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await until(() => !document.querySelector("#detail").hidden && document.querySelector("#pause").getAttribute("aria-pressed") === "true");
  await page.keyboard.press("Escape");
  await until(() => document.querySelector("#detail").hidden);
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.name), "name");
  await page.keyboard.press("Escape");
});
await check("the map shows denied edges", async () => {
  await page.keyboard.press("2");
  await until(() => document.querySelectorAll("#map path.stop").length > 0 && document.querySelectorAll("#map path.go").length > 0);
});
await picture("page-map");
await check("a pod's page has its drops and the rule that is missing", async () => {
  await page.locator("#map .node", { hasText: "demo/client" }).first().click();
  await until(() => document.querySelector("#pod .card pre")?.textContent.includes("matchName: \"bad.test\""));
});
await picture("page-pod");
await check("dark is dark", async () => {
  const shade = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await shade();
  await page.keyboard.press("d");
  assert.notEqual(await shade(), light);
});
await check("ten thousand flows are held and scrolled", async () => {
  const line = (i) => JSON.stringify({ flow: { time: new Date().toISOString(), verdict: i % 3 ? "FORWARDED" : "DROPPED", IP: { source: "10.0.0.1", destination: `192.0.2.${i % 250}` },
    l4: { TCP: { source_port: 1000, destination_port: i % 60000 } }, event_type: { type: i % 3 ? 5 : 1 }, Summary: `flow ${i}` } });
  const body = Array.from({ length: 25_000 }, (_, i) => line(i)).join("\n") + "\n";
  await page.route("**/api/flows*", (route) => route.fulfill({ contentType: "application/x-ndjson", body }));
  await page.goto(url);
  await until(() => document.querySelector("#state").textContent.startsWith("10,000 flows"));
  assert.ok((await page.locator("#rows .row").count()) < 100, "only what can be seen is there");
  const took = await page.evaluate(async () => {
    const viewport = document.querySelector("#viewport");
    const began = performance.now();
    for (let i = 0; i < 20; i++) { viewport.scrollTop = i * 10_000; await new Promise(requestAnimationFrame); }
    return (performance.now() - began) / 20;
  });
  console.log(`   ${took.toFixed(1)} ms a frame while scrolling`);
});
assert.deepEqual(faults, []);
await browser.close();
console.log(`${checks.length} passed, 0 failed`);
