import * as fs from "node:fs";
import * as path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { isInside } from "../../../../infra/compose/binds";
import { composeDirectory } from "../../support/compose";

const { directory, write, read, told } = composeDirectory();
const service = (mount: string, more = "") => `services:\n  web:\n    image: a/b:1\n    ports: ["80"]\n    volumes: [${mount}]\n${more}`;
const web = (mount: string, more = "") => read(service(mount, more)).services.web;

beforeAll(() => {
    write({
        "site.conf": "listen 80;\n", "conf.d/a.conf": "a\n", "conf.d/deep/b.conf": "b\n", "conf.d/.gitkeep": "", "data/db": "old", "bin/tool": Buffer.from([0xff, 0, 0xfe]),
        "conf.d/Thumbs.db": Buffer.from([0xff]), "conf.d/desktop.ini": "[.ShellClassInfo]\r\n",
        "tls/server.pem": "-----BEGIN CERTIFICATE-----\n", "tls/server.key": "-----BEGIN RSA PRIVATE KEY-----\n", "auth/.htpasswd": "me:x\n", "odd/a b.txt": "x", "big.txt": "x".repeat(1_100_000),
    });
    fs.mkdirSync(path.join(directory, "empty"), { recursive: true });
});

describe("a mount of this computer's", () => {
    it("file is a file of the stack, which the program can't change", () => {
        expect(web("./site.conf:/etc/nginx/conf.d/default.conf:ro").files).toEqual({ "/etc/nginx/conf.d/default.conf": "listen 80;\n" });
        expect(told(service("./site.conf:/x.conf:ro")).warned).toEqual([]);
        expect(told(service("./site.conf:/x.conf")).warned).toEqual([expect.stringMatching(/^compose\.yaml:5: services\.web\.volumes \.\/site\.conf:\/x\.conf is read-only/)]);
    });

    it.each(["./conf.d:/etc/app:ro", "./conf.d/:/etc/app/", "{ type: bind, source: conf.d, target: /etc/app, read_only: true }", "{ type: bind, source: ./conf.d, target: /etc/app, read_only: \"true\" }"])(
        "directory of settings has its files: %s", mount => expect(web(mount).files).toEqual({ "/etc/app/a.conf": "a\n", "/etc/app/deep/b.conf": "b\n" }));

    it("private key is a secret, and so is what stands beside it", () => {
        const { services: { web: found }, secrets } = read(service("./tls:/certs:ro, ./auth/.htpasswd:/etc/auth/.htpasswd:ro"));
        expect(found.files).toEqual({});
        expect(Object.keys(found.secrets).sort()).toEqual(["/certs/server.key", "/certs/server.pem", "/etc/auth/.htpasswd"]);
        expect(Object.values(found.secrets).map(name => secrets[name as string]).sort()).toEqual(["-----BEGIN CERTIFICATE-----\n", "-----BEGIN RSA PRIVATE KEY-----\n", "me:x\n"]);
    });

    it("link to a file is the file", () => {
        write({ "linked/a.conf": "a\n" });
        fs.symlinkSync("a.conf", path.join(directory, "linked/b.conf"));
        expect(web("./linked:/etc/app:ro").files).toEqual({ "/etc/app/a.conf": "a\n", "/etc/app/b.conf": "a\n" });
    });

    it("directory that can't be read is refused, with what to do if the program writes there", () => {
        fs.symlinkSync("loop", path.join(directory, "loop"));
        expect(told(service("./loop:/var/lib/x")).refused).toEqual([expect.stringMatching(/^compose\.yaml:5: .*\.\/loop can't be read on this computer \(ELOOP\)\. If the program writes there, write loop:\/var\/lib\/x/)]);
        const secret = "services: { web: { image: \"a/b:1\", ports: [\"80\"], secrets: [key] } }\nsecrets: { key: { file: loop } }\n";
        expect(() => read(secret)).toThrow(/loop, which the Compose files name, can't be read: ELOOP.*Nothing was changed/);
    });

    it("files have secrets of their own, whatever those of another service in that place are", () => {
        write({ "one/server.key": "-----BEGIN PRIVATE KEY-----\n1", "one/own.conf": "1", "two/server.key": "-----BEGIN PRIVATE KEY-----\n2", "two/own.conf": "2" });
        const each = (name: string) => `  ${name}: { image: "a/b:1", expose: ["80"], volumes: ["./${name}:/certs:ro"] }\n`;
        const { services: found, secrets } = read(`services:\n${each("one")}${each("two")}`);
        const contentOf = (name: string, file: string) => secrets[(found[name].secrets as Record<string, string>)[file]];
        expect([contentOf("one", "/certs/own.conf"), contentOf("two", "/certs/own.conf")]).toEqual(["1", "2"]);
        expect([contentOf("one", "/certs/server.key"), contentOf("two", "/certs/server.key")]).toEqual([1, 2].map(end => `-----BEGIN PRIVATE KEY-----\n${end}`));
    });

    it("script with the line ends of Windows has a warning: Linux would look for an interpreter of another name", () => {
        write({ "init/1.sh": "#!/bin/sh\r\necho\r\n", "init/2.sh": "#!/bin/sh\necho '\r\n'\n", "init/3.ini": "a=1\r\n" });
        expect(told(service("./init:/docker-entrypoint-initdb.d:ro")).warned.filter(line => line.includes("line ends of Windows"))).toEqual([expect.stringMatching(/^compose\.yaml:5: .*\/docker-entrypoint-initdb\.d\/1\.sh has .*LF/)]);
        expect(web("./init:/docker-entrypoint-initdb.d:ro").files["/docker-entrypoint-initdb.d/3.ini"]).toBe("a=1\r\n");
    });

    it("file that sets a secret has a warning", () => {
        write({ "app.env": "LOG=info\nexport DB_PASSWORD='hunter2'\n", "plain.env": "DB_PASSWORD=$OTHER\nPASSWORD_FILE=/x\nUSE_TOKEN=true\n" });
        expect(told(service("./app.env:/srv/.env:ro")).warned).toEqual([expect.stringMatching(/services\.web\.volumes: \/srv\/\.env seems to have secrets in it(?!.*hunter2)/)]);
        expect(told(service("./plain.env:/srv/.env:ro")).warned).toEqual([]);
    });

    it.each<[string, string]>([
        ["./none:/var/lib/x", "none"], ["./empty:/var/lib/x", "empty"], ["/srv/shop/uploads:/var/lib/x", "srv-shop-uploads"], ["~/no-such-of-ours:/var/lib/x", "no-such-of-ours"],
        ["./.data:/var/lib/x", "data"], ["./2024:/var/lib/x", "2024"], [".:/var/lib/x".replace(".:", "./-:"), "data"],
    ])("directory without files is a volume, which begins empty: %s", (mount, name) => {
        expect(web(mount).volumes).toEqual({ "/var/lib/x": { name } });
        expect(name.length).toBeLessThanOrEqual(30);
        expect(told(service(mount)).warned).toEqual([expect.stringContaining(`is the volume ${name}, which begins empty`)]);
    });

    it("directory that isn't there is refused if no service writes to it", () => {
        expect(told(service("./none:/etc/none:ro")).refused).toEqual([expect.stringMatching(/^compose\.yaml:5: services\.web\.volumes: .*none doesn't exist on this computer, and no service writes to it/)]);
    });

    it("directory has a volume of its own, even if another's path ends alike", () => {
        const long = (start: string) => Object.values(web(`/mnt/${start}/with-a-long-name/of-directories/database:/d`).volumes as Record<string, { name: string }>)[0].name;
        expect(long("one")).toMatch(/^directories-database-[0-9a-f]{6}$/);
        expect(long("one")).not.toBe(long("other"));
    });

    it("directory keeps its data when it is written as a volume, as the message says", () => {
        const { refused } = told(service("./data:/var/lib/x"));
        expect(refused).toEqual([expect.stringContaining("./data has files, and the mount doesn't say whether the program changes them")]);
        const [, mount] = /write (data:\/var\/lib\/x) and list data/.exec(refused[0])!;
        const before = web("./data-that-is-none:/var/lib/x").volumes["/var/lib/x"].name;
        expect(before).toBe("data-that-is-none");
        expect(web(mount, "volumes: { data: }\n").volumes).toEqual({ "/var/lib/x": { name: "data" } });
    });

    it.each([
        [path.win32, "D:\\app", "C:\\shop\\data", false], [path.win32, "C:\\shop", "C:\\shop\\data", true], [path.win32, "C:\\shop\\app", "C:\\shop\\data", false],
        [path.posix, "/shop/app", "/shop/app", true], [path.posix, "/shop/app", "/shop", false], [path.posix, "/shop/app", "/shop/app/..data", true],
    ])("is in the image's directory or not: %#", (system, context, file, expected) => {
        expect(isInside(context, file, system)).toBe(expected);
    });

    it.each(["D:\\data", "D:/data"])("directory %s is on another drive, so not in the image", source => {
        const text = `services:\n  web: { build: ., ports: ["80"], volumes: ['${source}:/srv/data'] }\n`;
        write({ Dockerfile: "FROM a/b:1\n" });
        expect(told(text).warned).toEqual([expect.stringMatching(/is the volume [a-z-]+, which begins empty/)]);
    });

    it("clock is left out", () => {
        expect(told(service("/etc/localtime:/etc/localtime:ro, /etc/timezone:/etc/timezone:ro")).warned).toEqual([expect.stringContaining("Set TZ"), expect.stringContaining("Set TZ")]);
    });

    it.each<[string, string]>([
        ["/proc:/host/proc:ro", "sees nothing of its node's system"], ["/:/rootfs:ro", "sees nothing of its node's system"], ["/var/log:/var/log", "sees nothing"], ["/dev/net/tun:/dev/net/tun", "sees nothing"],
        ["/run/docker.sock:/x", "controls its node"], ["//./pipe/docker_engine:/var/run/docker.sock", "controls its node"], ["./bin:/opt/bin:ro", "aren't text in UTF-8"], ["./big.txt:/big.txt:ro", "1000 KiB"], ["./odd:/odd:ro", "has a space, a colon or a comma"],
        ["./none.conf:/etc/none.conf", "./none.conf doesn't exist on this computer"], ["./empty:/etc/none:ro", "./empty is empty"],
    ])("system, or what no object of Kubernetes holds, is refused: %s", (mount, reason) => {
        expect(told(service(mount)).refused).toEqual([expect.stringMatching(new RegExp(`^compose\\.yaml:5: .*can't be carried over: .*${reason.replaceAll(".", "\\.")}`))]);
    });

    it("source directory hides no directory of the image, so what would bring that back is left out", () => {
        write({ "app/Dockerfile": "FROM x\nEXPOSE 80\n" });
        const text = "services:\n  web:\n    build: app\n    ports: [\"80\"]\n    volumes: [\"./app:/srv\", /srv/node_modules]\n";
        expect(told(text).warned.map(line => line.replace(/ is left out.*/, ""))).toEqual(["compose.yaml:5: services.web.volumes ./app:/srv", "compose.yaml:5: services.web.volumes /srv/node_modules"]
            .map(start => expect.stringContaining(start)));
        expect(told(service("/srv/node_modules")).refused).toEqual([expect.stringContaining("/srv/node_modules has no name")]);
    });
});
