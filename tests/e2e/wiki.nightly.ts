import type * as k8s from "@kubernetes/client-node";
import type { Browser } from "playwright-core";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import * as yaml from "yaml";
import { newVisitor, startBrowser } from "./support/browser";
import { Cluster, isReady, nameOf } from "./support/kubernetes";
import { Load } from "./support/load";
import { root } from "./support/names";
import { type Ended, npm, startNpm } from "./support/npm";
import { picture } from "./support/picture";
import { ask, type Site } from "./support/site";
import { figure } from "./support/stack";
import { commandEnvironment } from "./support/suite";
import { timed, until } from "./support/wait";
import { pathOf, Wiki } from "./support/wiki";

const stack = "wiki-e2e";
const namespace = "development";
const host = "wiki.localhost";
const ports = { http: 18886, https: 18849 };
const suite = inject("suite");
const environment = { ...commandEnvironment(suite), LANDFALL_HOME: path.join(suite.directory, "wiki") };
const file = path.join(root, `Pulumi.${stack}.yaml`);
const pages = { paths: [pathOf("Main_Page"), "/mediawiki/resources/assets/wiki.png"], perSecond: 5 };
const person = { name: "Carla", password: `long enough ${Date.now()}` };

const site: Site = {
    host, ...ports, address: `https://${host}:${ports.https}`,
    ca: () => fs.readFileSync(path.join(environment.LANDFALL_HOME, stack, "ca.crt"), "utf8"),
};

/** The guide's stack, under a name and ports of its own. */
function writeStack(settings: object = {}): void {
    const guide = fs.readFileSync(path.join(root, "infra/guides/services.md"), "utf8");
    const { config } = yaml.parse(/```yaml\n(config:\n[^]*?)```/.exec(guide)![1]) as { config: Record<string, Record<string, unknown>> };
    const wiki = (config["landfall:app"].services as { wiki: { environment: object } }).wiki;
    Object.assign(wiki.environment, settings);
    Object.assign(config["landfall:cluster"], { name: "landfall-e2e-wiki", ...ports });
    const kept = fs.existsSync(file) ? yaml.parse(fs.readFileSync(file, "utf8")) as object : {};
    fs.writeFileSync(file, yaml.stringify({ ...kept, config }));
}

const command = (name: string, ...args: string[]): Promise<Ended> => npm(["run", "-s", name, "--", ...args, "--stack", stack], environment);

describe("MediaWiki as Debian packages it, from its Compose file", () => {
    let up: Ended;
    let cluster: Cluster;
    let browser: Browser;
    let wiki: Wiki;
    /** What logs the person in, for requests by other means. */
    let cookie: string;
    let upload: string;
    const content = picture(new Date().toISOString(), 900, 600);

    const wikiPods = async (): Promise<k8s.V1Pod[]> => (await cluster.pods("wiki", namespace)).filter(isReady);
    const settled = (count = 2): Promise<k8s.V1Pod[]> => until("the wiki's pods to be ready", async () => {
        const { status } = await cluster.apps.readNamespacedDeployment({ namespace, name: "wiki" });
        const pods = await wikiPods();
        return status?.updatedReplicas === status?.replicas && pods.length >= count && pods.length === status?.replicas && pods;
    });
    const sql = async (query: string): Promise<string> => {
        const [pod] = await cluster.pods("database", namespace);
        return (await cluster.exec(pod, "mariadb", "--batch", "--skip-column-names", "--execute", query, "app")).stdout.trim();
    };
    const php = async (program: string): Promise<string> => (await cluster.exec((await wikiPods())[0], "php", "-r", program)).stdout;
    const digestOf = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
    const textOf = async (title: string): Promise<string> => (await ask({ path: `${pathOf(title)}&action=raw` }, site)).text;

    beforeAll(async () => {
        writeStack();
        up = await startNpm(["start", "--", "--stack", stack], environment).ended;
        if (up.code !== 0) throw new Error(`npm start ended with code ${up.code}; what it printed is above.`);
        figure("MediaWiki from its Compose file, on a cluster of its own", `${up.seconds} s`);
        cluster = Cluster.of(path.join(environment.LANDFALL_HOME, stack, "kubeconfig"));
        figure("its second pod is ready", `${await timed(() => settled())} s later`);
        browser = await startBrowser();
    });

    afterAll(async () => {
        await browser?.close();
        const { code } = await command("down", "--yes");
        fs.rmSync(file, { force: true });
        expect(code).toBe(0);
    });

    it("answers at the address that npm start prints, which warns of what has no effect in the file", async () => {
        expect(up.output).toContain(`The site answers at ${site.address}`);
        expect(up.output).toContain("tests/e2e/fixtures/wiki/compose.yaml:5: services.wiki.ports 8080:8080: people reach port 8080 over HTTPS");
        expect((await ask({ path: pathOf("Main_Page") }, site)).text).toContain("MediaWiki has been installed.");
    });

    it("runs without privileges, and connects to the database only by TLS, which it verifies", async () => {
        const [pod] = await wikiPods();
        expect((await cluster.exec(pod, "id", "-u")).stdout.trim()).toBe("10001");
        expect((await cluster.exec(pod, "touch", "/usr/share/mediawiki/x")).stderr).toContain("Read-only file system");
        const connect = (ca: string) => `try { $m = mysqli_init(); ${ca && `$m->ssl_set(null, null, ${ca}, null, null);`} `
            + "$m->real_connect(getenv('DB_HOST'), getenv('DB_USER'), getenv('DB_PASSWORD'), getenv('DB_NAME'), 3306, null, "
            + `${ca ? "MYSQLI_CLIENT_SSL" : "0"}); echo $m->query(\"SHOW STATUS LIKE 'Ssl_version'\")->fetch_row()[1]; } catch (Throwable $e) { echo 'refused'; }`;
        expect(await php(connect("getenv('DATABASE_CA_FILE')"))).toBe("TLSv1.3");
        expect(await php(connect("'/etc/ssl/certs/ca-certificates.crt'"))).toMatch(/refused$/);
        expect(await php(connect(""))).toBe("refused");
        const settings = (await cluster.exec(pod, "cat", "/etc/mediawiki/LocalSettings.php")).stdout;
        expect(settings).toContain('"sslCAFile" => getenv("DATABASE_CA_FILE")');
    });

    it("is written by a person with a browser; all pods show the page and know the person", async () => {
        const { context, page } = await newVisitor(browser);
        wiki = new Wiki(site, page);
        await wiki.createAccount(person.name, person.password);
        upload = await wiki.upload("Lake.png", content);
        await wiki.edit("Field notes", "Seen at the lake\n\n[[File:Lake.png|300px]]");
        expect(await wiki.showsPicture("Field notes")).toBe(true);
        cookie = (await context.cookies(site.address)).map(({ name, value }) => `${name}=${value}`).join("; ");
        const pods = await settled();
        expect(pods.length).toBeGreaterThan(1);
        for (const pod of pods) {
            const of = (request: string) => cluster.get(pod, 8080, request, { headers: { Cookie: cookie } });
            expect(await of("/mediawiki/api.php?action=query&meta=userinfo&format=json")).toContain(`"name":"${person.name}"`);
            expect(await of(`${pathOf("Field notes")}&action=raw`)).toContain("Seen at the lake");
            const shared = await cluster.exec(pod, "sha256sum", `/var/lib/mediawiki/images${upload.replace("/mediawiki/images", "")}`);
            expect(shared.stdout).toContain(digestOf(content));
        }
    });

    it("runs its jobs on schedule", async () => {
        await until("the queue to be empty", async () => await sql("SELECT COUNT(*) FROM job") === "0", 180, 5);
        const { tasks } = JSON.parse((await command("status", "--json")).stdout) as { tasks: { name: string; succeeded?: string }[] };
        expect(tasks).toMatchObject([{ name: "wiki-jobs", succeeded: expect.any(String) as string }]);
    });

    it("loses no request while it is updated", async () => {
        const load = new Load("requests to MediaWiki during an update", site, 600, undefined, pages);
        writeStack({ WIKI_NAME: "Notebook" });
        const { code, output, seconds } = await startNpm(["start", "--", "--stack", stack], environment).ended;
        expect(code).toBe(0);
        expect(output).toContain("Deployment wiki updated");
        await settled();
        figure("an update of MediaWiki", `${seconds} s`);
        expect(await load.end()).toEqual([]);
        expect((await ask({ path: pathOf("Main_Page") }, site)).text).toContain("<title>Notebook</title>");
    });

    it("loses no request when a pod is deleted", async () => {
        const [victim, ...others] = await settled();
        const load = new Load("requests to MediaWiki while a pod was deleted", site, 300, undefined, pages);
        await until("the first answers", async () => load.answered > 5, 60, 0.2);
        await cluster.core.deleteNamespacedPod({ namespace, name: nameOf(victim) });
        await until("the pod to be gone, and another in its place", async () => {
            const { items } = await cluster.core.listNamespacedPod({ namespace });
            return !items.some(pod => nameOf(pod) === nameOf(victim)) && (await wikiPods()).length > others.length;
        });
        expect(await load.end()).toEqual([]);
    });

    it("gets more pods in a spike, and loses no request", async () => {
        // The autoscaler removes pods that are no longer needed after five minutes.
        const before = await until("fewer pods than there may be", async () => {
            const { length } = await settled();
            return length < 4 && length;
        }, 900, 5);
        const load = new Load("requests to MediaWiki in a spike", site, 300, undefined, { ...pages, perSecond: 60 });
        const seconds = await timed(() => until("as many pods as there may be", async () => (await wikiPods()).length === 4, 240));
        figure(`${before} pods of MediaWiki became 4 in a spike`, `${seconds} s`);
        expect(await load.end()).toEqual([]);
        expect(await wiki.user()).toBe(person.name);
    });

    it("comes back with everything that was written when its database is killed", async () => {
        const load = new Load("requests to MediaWiki while its database was killed", site, 300, undefined, pages);
        await until("the first answers", async () => load.answered > 5, 60, 0.2);
        const [pod] = await cluster.pods("database", namespace);
        const seconds = await timed(async () => {
            await cluster.core.deleteNamespacedPod({ namespace, name: nameOf(pod), gracePeriodSeconds: 0 });
            await until("another pod of the database", async () => {
                const [now] = await cluster.pods("database", namespace);
                return now?.metadata?.uid !== pod.metadata?.uid && isReady(now);
            });
            await until("the page", async () => (await textOf("Field notes")).includes("Seen at the lake"), 120, 0.5);
        });
        figure("from the kill of MediaWiki's database to its answer", `${seconds} s`);
        figure("failed meanwhile, for lack of a database", (await load.end()).length);
        expect((await wikiPods()).length).toBeGreaterThan(1);
        expect(await wiki.user()).toBe(person.name);
        await wiki.edit("After the fall", "Written again");
    });

    it("is exported, and comes back from that as it was", async () => {
        const directory = path.join(suite.directory, "wiki-export");
        figure("an export of MediaWiki", `${await timed(async () => expect((await command("site", "export", directory)).code).toBe(0))} s`);
        expect(fs.readdirSync(directory).sort()).toEqual(["database.sql.gz", "wiki-uploads.tar.gz"]);
        await wiki.edit("Field notes", "Defaced");
        await wiki.edit("Spam", "Bought here");
        const [pod] = await wikiPods();
        await cluster.exec(pod, "sh", "-c", `rm /var/lib/mediawiki/images${upload.replace("/mediawiki/images", "")}`);
        expect((await ask({ path: upload }, site)).status).toBe(404);

        const refused = await command("site", "import", directory);
        expect(refused.code).toBe(1);
        expect(refused.output).toContain("The import replaces the database, wiki's files in /var/lib/mediawiki/images.");
        const load = new Load("requests to MediaWiki during an import", site, 300, undefined, pages);
        figure("an import of MediaWiki", `${await timed(async () => expect((await command("site", "import", directory, "--yes")).code).toBe(0))} s`);
        expect(await load.end()).toEqual([]);
        expect(await textOf("Field notes")).toContain("Seen at the lake");
        expect((await ask({ path: `${pathOf("Spam")}&action=raw` }, site)).status).toBe(404);
        expect(digestOf((await ask({ path: upload }, site)).body)).toBe(digestOf(content));
        expect(await sql("SHOW DATABASES LIKE 'app\\_%'")).toBe("");
        expect((await cluster.exec(pod, "ls", "-A", "/var/lib/mediawiki/images")).stdout).not.toContain(".landfall");
        await wiki.edit("Field notes", "Written after the import");
    });

    it("has no problems in the end", async () => {
        // The last run of its jobs may have failed while the database was away, and the autoscaler waits five minutes here, too.
        await until("nothing to be wrong", async () => {
            const { code, output } = await command("status");
            expect({ code, output }).toMatchObject({ code: 0 });
            return true;
        }, 900, 10);
    });
});
