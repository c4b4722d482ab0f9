import type { Browser, FrameLocator, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { newVisitor, open, startBrowser } from "./support/browser";
import { address } from "./support/names";
import { picture } from "./support/picture";
import { ask, Editor } from "./support/site";
import { adminPassword, ensureUp, figure } from "./support/stack";
import { until } from "./support/wait";

let browser: Browser;
/** Why there is no browser. In CI that is a failure, elsewhere a reason to skip. */
let missing = "";
let admin: Awaited<ReturnType<typeof newVisitor>>;
let visitor: Awaited<ReturnType<typeof newVisitor>>;

beforeAll(async () => {
    await ensureUp();
    const begin = Date.now();
    try {
        browser = await startBrowser();
    } catch (error) {
        if (process.env.CI) throw error;
        missing = (error as Error).message;
        return;
    }
    figure("a browser", `version ${browser.version()}, after ${Math.round((Date.now() - begin) / 1000)} s`);
    admin = await newVisitor(browser);
    visitor = await newVisitor(browser);
});

beforeEach(({ skip }) => skip(missing !== "", missing));

afterAll(() => browser?.close());

describe("a person with a browser", () => {
    const title = `Seen in a browser ${Date.now()}`;
    let link: string;

    it("logs in, to a dashboard without errors", async () => {
        const { page } = admin;
        await open(page, `${address}/wp-login.php`);
        await page.fill("#user_login", "admin");
        await page.fill("#user_pass", adminPassword());
        await page.click("#wp-submit");
        await page.waitForURL(`${address}/wp-admin/`);
        expect(await page.title()).toMatch(/^Dashboard/);
        expect(await page.innerText("#wpbody")).not.toContain("RSS Error");
    });

    it("writes a post with a picture and publishes it", async () => {
        const { page } = admin;
        const canvas = await newPost(page, title);
        await page.keyboard.press("Enter");
        await canvas.locator("[data-type='core/paragraph']").click();
        await page.keyboard.type("/image");
        await page.getByRole("option", { name: "Image", exact: true }).click();
        await canvas.locator(".block-editor-media-placeholder input[type=file]")
            .setInputFiles({ name: "browser.png", mimeType: "image/png", buffer: picture(title, 320, 200) });
        await canvas.locator(".wp-block-image img[src*='/wp-content/uploads/']").waitFor();
        await press(page, "Publish");
        await page.getByText("is now live").first().waitFor();
        link = await page.evaluate("wp.data.select('core/editor').getPermalink()");

        await open(visitor.page, link);
        expect(await visitor.page.innerText("h1")).toBe(title);
        expect(await visitor.page.$eval(".wp-block-image img", image => (image as unknown as { naturalWidth: number }).naturalWidth)).toBe(320);
    });

    it("gets a visitor's comment, and lets it appear", async () => {
        const { page } = visitor;
        const remark = `Seen by a visitor ${Date.now()}`;
        await open(page, link);
        await page.fill("#comment", remark);
        await page.fill("#author", "A visitor");
        // Who has had a comment approved needs no other.
        await page.fill("#email", `visitor-${Date.now()}@example.com`);
        await page.click("#submit");
        await page.getByText("awaiting moderation").waitFor();

        await open(admin.page, `${address}/wp-admin/edit-comments.php?comment_status=moderated`);
        const row = admin.page.locator("#the-comment-list tr", { hasText: remark });
        await row.hover();
        await Promise.all([
            admin.page.waitForResponse(response => /action=dim-comment/.test(response.request().postData() ?? "")),
            row.getByRole("button", { name: "Approve this comment" }).click(),
        ]);

        await open(page, link);
        expect(await page.innerText(".wp-block-comments")).toContain(remark);
    });

    it("schedules a post, which nobody sees before its time", async () => {
        const { page } = admin;
        const later = `${title}, later`;
        await newPost(page, later);
        const settings = page.getByRole("region", { name: "Editor settings" });
        await settings.waitFor({ timeout: 10_000 }).catch(() => page.getByRole("button", { name: "Settings", exact: true }).click());
        await page.getByRole("tab", { name: "Post", exact: true }).click();
        await page.getByRole("button", { name: /^Change date/ }).click();
        await page.getByRole("spinbutton", { name: "Year" }).fill(String(new Date().getFullYear() + 1));
        await page.keyboard.press("Tab");
        await page.keyboard.press("Escape");
        await press(page, "Schedule");
        await page.getByText("is now scheduled").first().waitFor();

        await open(page, `${address}/wp-admin/edit.php?post_status=future`);
        expect(await page.innerText("#the-list")).toContain(later);
        await open(visitor.page, address);
        expect(await visitor.page.innerText("body")).not.toContain(later);
    });

    it("finds no critical issue in Site Health", async () => {
        const { page } = admin;
        // It gives its own requests to the site ten seconds.
        await until("no critical issue", async () => {
            await open(page, `${address}/wp-admin/site-health.php`);
            await page.locator(".site-health-progress-wrapper:not(.loading)").waitFor();
            expect(await page.locator("#health-check-site-status-critical .health-check-accordion-trigger .title").allInnerTexts()).toEqual([]);
            return true;
        }, 120);
        figure("Site Health", await page.innerText(".site-health-progress-label"));
    });

    it("shows what the site may not call, and blames no server", async () => {
        const { credentials } = await Editor.logIn(adminPassword());
        const about = (path: string) => ask({ path: `/wp-json/wp/v2/${path}`, headers: credentials }).then(({ status, text }) => ({ status, text }));
        expect(await about("pattern-directory/patterns")).toEqual({ status: 200, text: "[]" });
        expect((await about("font-collections/google-fonts")).status).toBe(404);
    });

    it("changes permalinks and back without being asked for an .htaccess", async () => {
        const { page } = admin;
        for (const structure of ["/archives/%post_id%", "/%postname%/"]) {
            await open(page, `${address}/wp-admin/options-permalink.php`);
            await page.check(`input[name=selection][value='${structure}']`);
            await page.click("#submit");
            expect(await page.innerText(".notice")).toContain("Permalink structure updated.");
            expect(await page.innerText("body")).not.toContain(".htaccess");
        }
    });

    it("learns why plugins and themes can't be added here, and who can", async () => {
        const { page } = admin;
        for (const screen of ["plugin-install.php", "theme-install.php", "update-core.php"]) {
            const answer = await open(page, `${address}/wp-admin/${screen}`);
            expect(answer?.status(), screen).toBe(200);
            expect(await page.innerText("#landfall-code"), screen).toMatch(/parts of this site's image[^]*npm start/);
        }
    });

    it("is promised no mail, as the site sends none, and told the way without", async () => {
        await open(visitor.page, `${address}/wp-login.php?action=lostpassword`);
        expect(await visitor.page.innerText("#login")).toMatch(/sends no mail[^]*npm run admin -- password/);
        expect(await visitor.page.locator("#lostpasswordform").count()).toBe(0);
        const { page } = admin;
        for (const screen of ["user-new.php", "export-personal-data.php", "erase-personal-data.php"]) {
            await open(page, `${address}/wp-admin/${screen}`);
            expect(await page.innerText("#landfall-no-mail"), screen).toContain("This site sends no mail.");
            expect(await page.locator("#send_user_notification, #send_confirmation_email").isVisible(), screen).toBe(false);
        }
        await open(page, `${address}/wp-admin/export-personal-data.php`);
        await page.fill("#username_or_email_for_privacy_request", "admin");
        await page.click("#submit");
        expect(await page.innerText("#the-list")).toContain("Confirmed");
        await page.hover("#the-list tr");
        const [download] = await Promise.all([
            page.waitForEvent("download"), page.getByRole("button", { name: "Download personal data" }).first().click(),
        ]);
        expect(download.suggestedFilename()).toMatch(/\.zip$/);
        await page.locator("#the-list").getByRole("checkbox").first().check();
        await page.selectOption("#bulk-action-selector-top", "delete");
        await page.click("#doaction");
        await page.waitForLoadState();
    });

    it("has met no error on the way", () => {
        expect([...admin.faults, ...visitor.faults]).toEqual([]);
    });
});

/** Opens the editor with a new post of this title; returns where its content is. */
async function newPost(page: Page, title: string): Promise<FrameLocator> {
    await open(page, `${address}/wp-admin/post-new.php`);
    const canvas = page.frameLocator("iframe[name='editor-canvas']");
    await canvas.getByRole("textbox", { name: "Add title" }).waitFor();
    // On a busy computer the guide for newcomers comes late, and takes what is typed.
    const isNew = await page.evaluate("wp.data.select('core/preferences').get('core/edit-post', 'welcomeGuide')");
    if (isNew) await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
    await canvas.getByRole("textbox", { name: "Add title" }).fill(title);
    return canvas;
}

/** Publishes or schedules by the editor's button and the one that asks again. */
async function press(page: Page, name: "Publish" | "Schedule"): Promise<void> {
    await page.getByRole("region", { name: "Editor top bar" }).getByRole("button", { name }).click();
    await page.getByRole("region", { name: "Editor publish" }).getByRole("button", { name, exact: true }).click();
}
