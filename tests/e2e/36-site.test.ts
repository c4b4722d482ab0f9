import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { execute, Executed } from "./support/execute";
import { Cluster } from "./support/kubernetes";
import { address, names, root } from "./support/names";
import { picture } from "./support/picture";
import { ask, Editor, Item, pathOf } from "./support/site";
import { adminPassword, ensureUp, figure } from "./support/stack";
import { timed, until } from "./support/wait";

let cluster: Cluster;
let directory: string;

beforeAll(async () => {
    await ensureUp();
    cluster = await Cluster.connect();
    await cluster.settled();
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall-e2e-site-"));
});
afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));

/** Runs one of the commands as its npm script does, with something to read. */
function command(args: string[], input = ""): Promise<Executed> {
    const [name, ...more] = args;
    return execute(process.execPath, [path.join(root, "infra/cli/bootstrap.mjs"), name, ...more, "--stack", names.stack], { input });
}

async function succeeds(args: string[], input?: string): Promise<string> {
    const { code, stdout, stderr } = await command(args, input);
    expect({ args, code, stderr }).toMatchObject({ code: 0 });
    return stdout;
}

/** Asks the database itself, as a request to the site would be a visitor. */
async function sql(query: string): Promise<string> {
    const { code, stdout, stderr } = await cluster.exec(
        await cluster.databasePod(), "mariadb", "--batch", "--raw", "--skip-column-names", "--execute", query, "wordpress");
    if (code !== 0) throw new Error(stderr);
    return stdout.trim();
}

describe("npm run admin", () => {
    const password = (file: string) => fs.readFileSync(file, "utf8").trim();

    it("gives the administrator a new password, with which alone one logs in", async () => {
        const own = adminPassword();
        const file = path.join(directory, "new-password");
        try {
            const output = await succeeds(["admin", "password", "--file", file]);
            expect(fs.statSync(file).mode & 0o77).toBe(0);
            expect(output).not.toContain(password(file));
            await Editor.logIn(password(file));
            await expect(Editor.logIn(own)).rejects.toThrow("The login of admin was refused");
        } finally {
            await succeeds(["admin", "password", "--stdin"], `${own}\n`);
        }
        await Editor.logIn(own);
    });

    it("adds a user, who logs in, and lists them", async () => {
        const file = path.join(directory, "jane");
        await succeeds(["admin", "user", "jane", "--email", "jane@example.com", "--role", "author", "--file", file]);
        await Editor.logIn(password(file), "jane");
        expect(await succeeds(["admin", "users"])).toMatch(/^jane +jane@example\.com +author$/m);
    });

    it("says who there is where a name is wrong, and changes nothing", async () => {
        const { code, stderr } = await command(["admin", "password", "nobody"]);
        expect(code).toBe(1);
        expect(stderr).toContain("There is no user nobody. Administrators are: admin.");
    });
});

describe("scheduled tasks", () => {
    it("are no visitor's to begin: the address that did so does nothing", async () => {
        const { status, text: page } = await ask({ path: "/wp-cron.php?doing_wp_cron" });
        expect({ status, page }).toEqual({ status: 200, page: "" });
    });

    it("leave no more than a few finished pods behind, which say what they ran alone", async () => {
        const pods = await until("no more than a few pods", async () => {
            const { items } = await cluster.core.listNamespacedPod({
                namespace: names.environment, labelSelector: "app.kubernetes.io/name=scheduled-tasks",
            });
            const lasting = items.filter(pod => !pod.metadata?.deletionTimestamp);
            return lasting.length > 0 && lasting.length <= 3 && lasting;
        });
        for (const { metadata } of pods) {
            const log = await cluster.core.readNamespacedPodLog({ name: metadata?.name ?? "", namespace: names.environment }).catch(() => "");
            expect(log.split("\n").filter(line => line !== "" && !/^Running \w+, due at /.test(line))).toEqual([]);
        }
    });
});

describe("a site that moves", () => {
    // As long as the stack's own, so that what serialize has written stays valid while the test writes it into a dump.
    const former = `https://www.old-example.com:${names.https}`;
    const content = picture(new Date().toISOString());
    const digest = createHash("sha256").update(content).digest("hex");
    const exported = (name: string) => path.join(directory, "exported", name);
    let before: Item;
    let after: Item;
    let upload: Item;

    beforeAll(async () => {
        expect(former.length).toBe(address.length);
        const editor = await Editor.logIn(adminPassword());
        upload = await editor.upload("moving.png", "image/png", content);
        before = await editor.publish("Moves along", `<a href="${address}/moving">${address}</a> <img src="${upload.source_url}">`);
        figure("an export", `${await timed(() => succeeds(["site", "export", path.join(directory, "exported")]))} s`);
        after = await editor.publish("Stays behind", "Written after the export.");
        const dump = gunzipSync(fs.readFileSync(exported("database.sql.gz"))).toString("latin1");
        expect(dump).toContain("-- Dump completed");
        const option = `a:1:{s:3:"url";s:26:"http://old.example/a.png?b";}`;
        const elsewhere = dump.replaceAll(address, former).replace(/(-- Dump completed)/,
            `INSERT INTO wp_options (option_name, option_value, autoload) VALUES ('e2e_moved', '${option}', 'off');\n$1`);
        fs.writeFileSync(exported("database.sql.gz"), gzipSync(Buffer.from(elsewhere, "latin1")));
    });

    const pageOf = async ({ link }: Item) => ask({ path: pathOf(link) });

    it("isn't replaced by mistake", async () => {
        const { code, stderr } = await command(["site", "import", path.join(directory, "exported")]);
        expect(code).toBe(1);
        expect(stderr).toMatch(/would replace: \d+ posts and pages.*--yes/);
        expect((await pageOf(after)).status).toBe(200);
    });

    it.each([
        ["is cut off", () => fs.readFileSync(exported("database.sql.gz")).subarray(0, 5000)],
        ["is no WordPress site's", () => Buffer.from("CREATE TABLE a (b int);")],
        ["reaches for the site that stands", () => Buffer.from("USE wordpress; DROP TABLE wp_posts;")],
    ])("isn't touched by a dump that %s", async (_, dump) => {
        const file = path.join(directory, "bad.sql");
        fs.writeFileSync(file, dump());
        const { code, stderr } = await command(["site", "import", "--database", file, "--yes"]);
        expect(code).toBe(1);
        expect(stderr).toMatch(/Nothing was changed|The site is as it was/);
        expect((await pageOf(after)).status).toBe(200);
        expect(await sql("SHOW DATABASES LIKE 'wordpress\\_%'")).toBe("");
    });

    it("arrives with its posts and files, at this stack's address, once no transaction holds a table", async () => {
        const held = sql("START TRANSACTION; SELECT COUNT(*) FROM wordpress.wp_posts; DO SLEEP(12); COMMIT");
        const seconds = await timed(() => succeeds(["site", "import", path.join(directory, "exported"), "--from", "http://old.example", "--yes"]));
        figure("an import", `${seconds} s`);
        await held;
        const { status, text } = await pageOf(before);
        expect(status).toBe(200);
        expect(text).toContain(`<a href="${address}/moving">${address}</a>`);
        expect(text).not.toContain("old-example");
        expect((await pageOf(after)).status).toBe(404);
        const { body } = await ask({ path: pathOf(upload.source_url) });
        expect(createHash("sha256").update(body).digest("hex")).toBe(digest);
    });

    it("has the lengths in serialised data put right", async () => {
        const moved = `${address}/a.png?b`;
        expect(await sql("SELECT option_value FROM wp_options WHERE option_name = 'e2e_moved'"))
            .toBe(`a:1:{s:3:"url";s:${moved.length}:"${moved}";}`);
    });

    it("knows its users, and leaves nothing of the import behind", async () => {
        await Editor.logIn(adminPassword());
        expect(await sql("SHOW DATABASES LIKE 'wordpress\\_%'")).toBe("");
        const pod = await cluster.readyPod("web");
        expect((await cluster.exec(pod, "ls", "-A", "/var/www/html/wp-content/uploads")).stdout).not.toContain(".landfall");
    });
});

describe("a seed", () => {
    // Each is somebody's or secret. In the database they are in more tables than WordPress's own.
    const secrets = ["Carla Private", "carla@example.net", "203.0.113.77", "PrivateBrowser/1.0", "s3cret-key", "7 Home Street", "jane@example.com", "Still a draft"];
    const made = [
        "CREATE TABLE wp_e2e_orders (address text); INSERT INTO wp_e2e_orders VALUES ('7 Home Street')",
        "INSERT INTO wp_options (option_name, option_value, autoload) VALUES ('e2e_key', 's3cret-key', 'off')",
        "INSERT INTO wp_posts (post_title, post_content, post_excerpt, post_status, to_ping, pinged, post_content_filtered) VALUES ('Still a draft', '', '', 'draft', '', '', '')",
    ];

    afterAll(async () => {
        await sql("DROP TABLE IF EXISTS wp_e2e_orders; DELETE FROM wp_options WHERE option_name = 'e2e_key';"
            + " DELETE FROM wp_comments WHERE comment_author = 'Carla Private'; DELETE FROM wp_posts WHERE post_title = 'Still a draft'");
    });

    it("has what was published, with its pictures and comments, and nothing of anybody's", async () => {
        const editor = await Editor.logIn(adminPassword());
        const upload = await editor.upload("seed.png", "image/png", picture("seed"));
        const post = await editor.publish("For the seed", `Read by all <img src="${upload.source_url}">`);
        for (const statement of made) await sql(statement);
        await sql("INSERT INTO wp_comments (comment_post_ID, comment_author, comment_author_email, comment_author_IP, comment_agent, comment_content)"
            + ` VALUES (${post.id}, 'Carla Private', 'carla@example.net', '203.0.113.77', 'PrivateBrowser/1.0', 'Well said')`);
        const pod = await cluster.readyPod("web");
        await cluster.exec(pod, "sh", "-c", "echo private > /var/www/html/wp-content/uploads/form.txt");

        const file = (name: string): string => path.join(directory, "seed", name);
        figure("a seed", `${await timed(() => succeeds(["site", "seed", path.join(directory, "seed")]))} s`);
        const dump = gunzipSync(fs.readFileSync(file("database.sql.gz"))).toString();
        for (const text of ["-- Dump completed", "For the seed", "Read by all", "Well said", "@example.invalid"]) expect(dump).toContain(text);
        const passwords = (await sql("SELECT user_pass FROM wp_users")).split("\n");
        const logins = (await sql("SELECT CONCAT('''', user_login, '''') FROM wp_users")).split("\n");
        expect([...secrets, ...passwords, ...logins, "session_tokens", "e2e_orders"].filter(secret => dump.includes(secret))).toEqual([]);
        const uploads = gunzipSync(fs.readFileSync(file("uploads.tar.gz"))).toString("latin1");
        expect(uploads).toContain(path.basename(new URL(upload.source_url).pathname));
        expect(uploads).not.toContain("form.txt");
        await cluster.exec(pod, "rm", "/var/www/html/wp-content/uploads/form.txt");
        // It was only read.
        expect(await sql("SHOW DATABASES LIKE 'wordpress\\_%'")).toBe("");
        expect(await sql(`SELECT comment_author FROM wp_comments WHERE comment_post_ID = ${post.id}`)).toBe("Carla Private");
    });
});
