import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { main } from "../../../../../infra/cli/site";
import { attachedFiles, copyStatements } from "../../../../../infra/cli/site/scrub";
import { type Io, Pods } from "../../../fixtures/pods";

describe("what a seed keeps of the database", () => {
    const statements = copyStatements("shop", "seed").split("\n");
    const about = (table: string, verb = "INSERT"): string[] => statements.filter(line => line.startsWith(verb) && line.includes(`\`seed\`.\`wp_${table}\``));

    it("comes from the site's tables, which are only read", () => {
        const writes = statements.map(line => /^(INSERT INTO|CREATE TABLE) (\S+)/.exec(line)?.[2]).filter(Boolean);
        expect(writes.length).toBeGreaterThan(15);
        for (const table of writes) expect(table).toMatch(/^`seed`\.`wp_\w+`$/);
        expect(statements.join()).not.toMatch(/\b(DELETE|DROP|ALTER|TRUNCATE|REPLACE)\b/);
    });

    it("is of tables that are named, none of a plugin's", () => {
        const tables = statements.flatMap(line => /CREATE TABLE `seed`\.`wp_(\w+)`/.exec(line)?.[1] ?? []);
        expect(tables.sort()).toEqual([
            "commentmeta", "comments", "links", "options", "postmeta", "posts", "term_relationships", "term_taxonomy", "termmeta", "terms", "usermeta", "users",
        ]);
        for (const table of ["commentmeta", "links", "termmeta"]) expect(about(table)).toEqual([]);
    });

    it("is of people no name, address, password or session", () => {
        // Not scrubbed in the copy, where what is interrupted would leave them, but never copied.
        expect(statements.join()).not.toMatch(/UPDATE|SELECT t\.\* FROM `shop`\.`wp_(users|comments)`/);
        const read = (table: string): string[] => [...about(table)[0].split(" FROM ")[0].matchAll(/t\.(\w+)/g)].map(([, column]) => column);
        expect(new Set(read("users"))).toEqual(new Set(["ID", "user_status"]));
        expect(read("comments").filter(column => /author|agent|user/.test(column))).toEqual([]);
        expect(about("comments")[0]).toContain("t.comment_content");
        expect(about("usermeta")).toEqual([expect.stringMatching(/meta_key IN \('wp_capabilities', 'wp_user_level'\)/)]);
    });

    it("is of terms only those of WordPress's own kinds: a plugin's may be people", () => {
        const [kinds] = about("term_taxonomy");
        expect(kinds).toMatch(/ WHERE t\.taxonomy IN \('category', 'post_tag', [^)]*\);$/);
        expect(kinds).not.toMatch(/author|user/);
        expect(about("terms")).toEqual([expect.stringContaining("WHERE t.term_id IN (SELECT term_id FROM `seed`.`wp_term_taxonomy`)")]);
        expect(about("term_relationships")[0]).toContain("t.term_taxonomy_id IN (SELECT term_taxonomy_id FROM `seed`.`wp_term_taxonomy`)");
        // What is asked of the copy is there by then.
        expect(statements.indexOf(kinds)).toBeLessThan(statements.indexOf(about("terms")[0]));
    });

    it("is of options only those that are known, and no key or mail address", () => {
        const [copied] = about("options");
        expect(copied).toMatch(/option_name IN \(/);
        for (const name of ["admin_email", "auth_key", "secret", "mailserver", "session", "transient", "cron", "landfall"]) expect(copied).not.toContain(name);
    });

    it("is what anybody can read: published, without a password, and the pictures of that", () => {
        const [posts] = about("posts");
        expect(posts.match(/post_status = 'publish'/g)).toHaveLength(2);
        expect(posts.match(/post_password = ''/g)).toHaveLength(3);
        expect(posts).not.toMatch(/revision|shop_order|'draft'|'private'/);
        expect(about("comments")[0]).toMatch(/comment_approved = '1'/);
    });
});

it("keeps the uploads that are attachments, and smaller pictures of them", () => {
    const files = [
        "2026/01/a.jpg", "2026/01/a-150x150.jpg", "2026/01/a-scaled.jpg", "2026/01/a-secret.jpg", "2026/02/a.jpg", "a.jpg", "forms/cv.pdf",
        "2026/01/b.jpg", "2026/01/b-scaled.jpg", "2026/01/b-300x200.jpg", "2026/01/c.pdf", "2026/01/c.pdf.bak",
        "2026/01/c-e2.pdf", "2026/01/a-e1767225600123.jpg",
    ];
    expect(attachedFiles(files, ["2026/01/a.jpg", "2026/01/b-scaled.jpg", "2026/01/c.pdf"])).toEqual([
        "2026/01/a.jpg", "2026/01/a-150x150.jpg", "2026/01/a-scaled.jpg", "2026/01/b.jpg", "2026/01/b-scaled.jpg", "2026/01/b-300x200.jpg", "2026/01/c.pdf",
        "2026/01/a-e1767225600123.jpg",
    ]);
    expect(attachedFiles(files, [])).toEqual([]);
});

describe("npm run site -- seed", () => {
    const cluster = new Pods();
    let directory: string;
    beforeAll(async () => {
        directory = fs.mkdtempSync(path.join(os.tmpdir(), "landfall test "));
        fs.writeFileSync(path.join(directory, "kubeconfig"), await cluster.start());
        cluster.pods = { "web-1": { workload: "web", ready: true }, "database-0": { workload: "database", ready: true } };
    });
    afterAll(() => {
        cluster.stop();
        fs.rmSync(directory, { recursive: true });
    });
    const seed = (name: string): Promise<number> => {
        vi.spyOn(process.stdout, "write").mockReturnValue(true);
        return main(["seed", path.join(directory, name), "--kubeconfig", path.join(directory, "kubeconfig")]).finally(() => vi.restoreAllMocks());
    };

    it("writes both files, asking for the kept uploads by name", async () => {
        let asked = "";
        cluster.run = (io: Io) => {
            const command = io.command.join(" ");
            const answer = command.includes("_wp_attached_file' AND") ? "2026/a.jpg\n" : command.startsWith("find") ? "2026/a.jpg\nforms/cv.pdf\n" : "data";
            const size = Number(/head --bytes=(\d+)/.exec(command)?.[1] ?? 0);
            io.onInput(piece => {
                asked += piece.toString();
                if (asked.length === size) { io.stdout(answer); io.exit(0); }
            });
            if (size === 0) { io.stdout(answer); io.exit(0); }
        };
        expect(await seed("good")).toBe(0);
        expect(asked).toBe("./2026/a.jpg\0");
        expect(fs.readdirSync(path.join(directory, "good")).sort()).toEqual(["database.sql.gz", "uploads.tar.gz"]);
    });

    it("leaves no database half-scrubbed or cut off", async () => {
        cluster.run = (io: Io) => {
            if (io.command.join(" ").includes("mariadb-dump")) { io.stdout("half"); io.stderr("no space"); io.exit(1); } else io.exit(0);
        };
        await expect(seed("bad")).rejects.toThrow(/no space/);
        expect(fs.readdirSync(path.join(directory, "bad"))).toEqual([]);
    });
});
