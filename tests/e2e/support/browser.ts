import * as fs from "node:fs";
import * as path from "node:path";
import { Browser, BrowserContext, chromium, Page, Request, Response } from "playwright-core";
import { findProgram, installPackages } from "../../../infra/offline/kit/docker";
import { names } from "./names";
import { patiently } from "./patience";

const programs = ["chromium", "google-chrome", "google-chrome-stable", "chromium-browser"];

/** Finds Chromium or Chrome, or, as root on a Debian-family computer, installs Debian's; throws where neither is possible. */
export async function startBrowser(): Promise<Browser> {
    const installs = process.getuid?.() === 0 && (await findProgram("apt-get"));
    // Files that run beside may be installing, too.
    if (found() === undefined && installs) await patiently(() => installPackages(console.log, { chromium: "chromium" }), 600);
    const executablePath = found();
    if (executablePath === undefined) {
        throw new Error(`No browser: none of ${programs.join(", ")} is on PATH, and only root on Debian can have one installed.`);
    }
    // As root there is no sandbox; a container's /dev/shm may be too small.
    return chromium.launch({ executablePath, timeout: 300_000, args: ["--no-sandbox", "--disable-dev-shm-usage", `--host-resolver-rules=MAP ${names.host} 127.0.0.1`] });
}

function found(): string | undefined {
    const directories = (process.env.PATH ?? "").split(path.delimiter);
    return programs.flatMap(name => directories.map(directory => path.join(directory, name))).find(file => fs.existsSync(file));
}

/** A person at a browser of their own: nothing is known of the site yet. */
export async function newVisitor(browser: Browser): Promise<{ context: BrowserContext; page: Page; faults: string[] }> {
    // Who signed the certificate is 15-tls.test.ts's to check.
    const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 900 }, locale: "en-US" });
    context.setDefaultTimeout(180_000);
    const page = await context.newPage();
    return { context, page, faults: faultsOf(page) };
}

/** Chromium breaks off what it is loading when a network of this computer, such as one of Docker's, comes or goes. */
const networkChanged = /ERR_NETWORK_CHANGED/;

/** Opens a page of the site, again where a change of network broke off a part of it. */
export async function open(page: Page, url: string, tries = 10): Promise<Response | null> {
    let isWhole = true;
    const look = (request: Request) => { isWhole &&= !isBrokenOff(request); };
    page.on("requestfailed", look);
    try {
        const response = await page.goto(url);
        if (isWhole || tries === 1) return response;
    } catch (error) {
        // The page that says so may still be on its way when the next is asked for.
        if (tries === 1 || !/ERR_NETWORK_CHANGED|chrome-error:/.test((error as Error).message)) throw error;
    } finally {
        page.off("requestfailed", look);
    }
    return open(page, url, tries - 1);
}

function isBrokenOff(request: Request): boolean {
    return networkChanged.test(request.failure()?.errorText ?? "");
}

/** What scripts say of a request that was broken off under them. */
const brokenOff = /Failed to fetch|fetch_error|NetworkError|offline|abort|Could not get a valid response|ERR_(ABORTED|FAILED)/i;

/** What goes wrong on the site's pages, as it comes; what other hosts do is not ours. */
function faultsOf(page: Page): string[] {
    const faults: string[] = [];
    const at = () => new URL(page.url()).pathname;
    const isOurs = (url: string) => url === "" || new URL(url).hostname === names.host;
    // What a page has asked for is broken off where it is left before it has the answer, and where a network changes.
    // Then a script may be missing: what the others say until the next page is no fault of the site.
    let isLeft = false;
    let isWhole = true;
    page.on("request", request => { isLeft ||= isPages(request); });
    page.on("framenavigated", frame => {
        if (frame !== page.mainFrame()) return;
        isLeft = false;
        isWhole = true;
    });
    page.on("requestfailed", request => {
        isWhole &&= !isBrokenOff(request);
        if (isPages(request)) isLeft = false;
    });
    const isFault = (text: string) => isWhole && !networkChanged.test(text) && !(isLeft && brokenOff.test(text));
    page.on("console", message => {
        const { url } = message.location();
        if (message.type() === "error" && isOurs(url) && isFault(message.text())) faults.push(`${at()}: ${message.text()} ${url}`);
    });
    page.on("pageerror", error => { if (isFault(error.message)) faults.push(`${at()}: ${error.message}`); });
    page.on("response", response => {
        if (response.status() >= 400 && isOurs(response.url())) faults.push(`${at()}: ${response.status()} of ${response.url()}`);
    });
    return faults;
}

/** Whether it is for another page in the place of the one that is shown. */
function isPages(request: Request): boolean {
    try {
        return request.isNavigationRequest() && request.frame().parentFrame() === null;
    } catch {
        return false; // of a frame that isn't there yet
    }
}
