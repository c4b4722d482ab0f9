import type { Page } from "playwright-core";
import type { Site } from "./site";
import { sleep } from "./wait";

/** What people do on a wiki in their browser. */
export class Wiki {
    constructor(private readonly site: Site, private readonly page: Page) {}

    /** Makes an account, which is logged in then. */
    createAccount(name: string, password: string): Promise<void> {
        return again(async () => {
            if (await this.user() === name) return;
            await this.open("Special:CreateAccount");
            await this.page.fill("#wpName2", name);
            await this.page.fill("#wpPassword2", password);
            await this.page.fill("#wpRetype", password);
            await this.submit("#wpCreateaccount");
            let said = await this.said();
            // An earlier attempt did that, and its answer was lost.
            if (said.includes("already in use")) said = await this.logIn(name, password);
            if (await this.user() !== name) throw new Error(`${name} has no account: ${said}`);
        });
    }

    /** Logs in; returns what the wiki says. */
    private async logIn(name: string, password: string): Promise<string> {
        await this.open("Special:UserLogin");
        await this.page.fill("#wpName1", name);
        await this.page.fill("#wpPassword1", password);
        await this.submit("#wpLoginAttempt");
        return this.said();
    }

    /** Who is logged in, by what the page shows; undefined if nobody is. */
    async user(): Promise<string | undefined> {
        await this.open("Main_Page");
        return await this.page.evaluate("mw.config.get('wgUserName')") as string | null ?? undefined;
    }

    edit(title: string, text: string): Promise<void> {
        return again(async () => {
            await this.open(title, "&action=edit");
            await this.page.fill("#wpTextbox1", text);
            await this.submit("#wpSave");
            const shown = await this.said();
            if (!shown.includes(text.split("\n")[0])) throw new Error(`${title} isn't saved: ${shown}`);
        });
    }

    /** Uploads a picture; returns the path of the file itself. */
    upload(name: string, content: Buffer): Promise<string> {
        return again(async () => {
            await this.open("Special:Upload");
            await this.page.setInputFiles("#wpUploadFile", { name, mimeType: "image/png", buffer: content });
            await this.page.fill("#wpDestFile", name);
            await this.page.check("#wpIgnoreWarning"); // of an earlier attempt
            await this.submit("input[name=wpUpload]");
            const link = await this.page.getAttribute(".fullMedia a", "href", { timeout: 30_000 }).catch(() => null);
            if (link === null) throw new Error(`${name} isn't uploaded: ${await this.said()}`);
            return new URL(link, this.site.address).pathname;
        });
    }

    /** Whether the browser shows the page's picture. */
    showsPicture(title: string): Promise<boolean> {
        return again(async () => {
            await this.open(title);
            return this.page.evaluate("[...document.querySelectorAll('#mw-content-text img')].some(each => each.naturalWidth > 0)");
        });
    }

    private async open(title: string, more = ""): Promise<void> {
        await this.page.goto(`${this.site.address}${pathOf(title)}${more}`);
    }

    private async submit(selector: string): Promise<void> {
        await Promise.all([this.page.waitForNavigation(), this.page.click(selector)]);
    }

    private async said(): Promise<string> {
        return (await this.page.textContent("#mw-content-text"))?.trim().slice(0, 300) ?? "";
    }
}

/** The path of a wiki's page. */
export function pathOf(title: string): string {
    return `/mediawiki/index.php?title=${encodeURIComponent(title)}`;
}

/** Tries again: Chromium aborts requests when a network of this computer, such as one of Docker's, is added or removed. */
async function again<T>(work: () => Promise<T>, tries = 10): Promise<T> {
    try {
        return await work();
    } catch (error) {
        if (tries === 1 || !/ERR_NETWORK_CHANGED|chrome-error:/.test((error as Error).message)) throw error;
        await sleep(1000); // until its own page of the error is there
        return again(work, tries - 1);
    }
}
