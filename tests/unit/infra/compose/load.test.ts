import * as path from "node:path";
import { describe, expect, it } from "vitest";
import { readCompose } from "../../../../infra/compose";
import { composeDirectory, type Service } from "../../support/compose";

const { directory, write, read, told } = composeDirectory();
const context = (below: string) => path.relative(process.cwd(), path.join(directory, below));

describe("another file", () => {
    write({
        "parts/cache.yaml": "services:\n  cache: { image: \"redis:8\", environment: { MODE: \"${MODE}\" }, volumes: [\"./keys:/data\"], secrets: [token] }\n  job: { build: { dockerfile: Job }, env_file: job.env }\n"
            + "secrets: { token: { file: token.txt } }\n",
        "parts/.env": "MODE=part\n", "parts/token.txt": "t\n", "parts/job.env": "FROM=parts\n", "parts/more.yaml": "services: { cache: { user: \"5\" } }\n",
        "parts/base.yaml": "services:\n  base: { extends: root, build: image, env_file: [job.env], depends_on: [cache], environment: { A: base, B: base } }\n  root: { working_dir: /w, environment: { A: root, C: root } }\n",
    });
    const included = (include: string, environment: NodeJS.ProcessEnv = {}) => read(`include: [${include}]\nservices:\n  web: { image: "a/b:1", ports: ["80"], depends_on: [cache] }\n`, { environment });

    it("is included with its own directory and variables", () => {
        const { services, secrets } = included("parts/cache.yaml");
        expect(services.cache).toMatchObject({ environment: { MODE: "part" }, volumes: { "/data": { name: "parts-keys" } }, secrets: { "/run/secrets/token": "token" } });
        expect(services.job).toMatchObject({ build: { context: context("parts"), dockerfile: "Job" }, environment: { FROM: "parts" } });
        expect(services.web.after).toEqual(["cache"]);
        expect(secrets.token).toBe("t\n");
    });

    it("is included together with others, in a directory that is said, and with the including file's variables first", () => {
        write({ "other.env": "MODE=other\n", "job.env": "FROM=here\n", "token.txt": "own\n" });
        const long = "{ path: [parts/cache.yaml, parts/more.yaml], project_directory: ., env_file: other.env }";
        expect(included(long).services).toMatchObject({ cache: { uid: 5, environment: { MODE: "other" }, volumes: { "/data": { name: "keys" } } }, job: { environment: { FROM: "here" } } });
        write({ "first.env": "ONE=1\n", "second.env": "MODE=$ONE\n" });
        expect(included(long.replace("other.env", "[first.env, second.env]")).services.cache.environment).toEqual({ MODE: "1" });
        expect(included(long, { MODE: "shell" }).services.cache.environment).toEqual({ MODE: "shell" });
    });

    it("is overridden by the one that includes it", () => {
        expect(read("include: [parts/cache.yaml]\nservices:\n  cache: { image: \"redis:9\" }\n  web: { image: \"a/b:1\", ports: [\"80\"] }\n").services.cache.image).toBe("redis:9");
    });

    it("may be one that a service extends", () => {
        const { web } = read("services:\n  web: { extends: { file: parts/base.yaml, service: base }, ports: [\"80\"], environment: { B: own } }\n  cache: { image: \"redis:8\" }\n").services;
        expect(web).toMatchObject({ build: { context: context("parts/image") }, workingDir: "/w", environment: { FROM: "parts", A: "base", B: "own", C: "root" }, after: ["cache"] });
    });

    it("may bring a service that a later one extends", () => {
        const files = write({ "first.yaml": "services: { base: { image: \"a/b:7\", expose: [\"90\"] } }\n", "second.yaml": "services: { web: { extends: base, ports: [\"80\"] } }\n" });
        expect((readCompose(files, {}, {}).services as Record<string, Service>).web).toMatchObject({ image: "a/b:7", port: 80, tcpPorts: [90] });
    });

    it.each<[string, string]>([
        ["include: [none.yaml]\n", "none.yaml:1: the file can't be read"], ["include: [compose.yaml]\n", "compose.yaml:1: include leads back to"], ["include: [{ file: x }]\n", "compose.yaml:1: include is"],
        ["include: [{ path: parts/cache.yaml, env_file: none.env }]\n", "compose.yaml:1: include.env_file none.env doesn't exist"],
    ])("is refused where it isn't one: %j", (text, message) => {
        expect(told(`${text}services: { web: { image: "a/b:1", ports: ["80"] } }\n`).refused).toEqual(expect.arrayContaining([expect.stringContaining(message)]));
    });

    it.each<[string, string]>([
        ["a: { extends: b }\n  b: { extends: a }", "services.a.extends is \"b\""], ["a: { extends: a }", "services.a.extends is \"a\""], ["a: { extends: { service: x, file: parts/base.yaml } }", "another service of parts/base.yaml"],
    ])("and no service extends itself, or one that isn't there: %j", (services, message) => {
        expect(told(`services:\n  ${services}\n`).refused).toEqual(expect.arrayContaining([expect.stringContaining(message)]));
    });

    it("beside it is named if only Compose reads it unasked", () => {
        const files = write({ "over/compose.yaml": "services: { web: { image: \"a/b:1\", ports: [\"80\"] } }\n", "over/compose.override.yml": "services: { web: { user: \"5\" } }\n" });
        expect(readCompose(files.slice(0, 1), {}, {}).warnings).toEqual([expect.stringMatching(/over\/compose\.override\.yml:1: the file isn't read/)]);
        expect(readCompose(files, {}, {})).toMatchObject({ warnings: [], services: { web: { uid: 5 } } });
    });

    it("overrides a service of any name key by key, and a variable by the one of that name where the command runs", () => {
        const files = write({
            "one.yaml": "services: { test: { image: \"a/b:1\", ports: [\"80\"], environment: { A: file, B: file, C: file, constructor: file } } }\n",
            "two.yaml": "services: { test: { user: \"5\", environment: [A, B, D=d] } }\n",
        });
        const { test } = readCompose(files, {}, { A: "shell" }).services as Record<string, Service>;
        expect(test).toMatchObject({ image: "a/b:1", port: 80, uid: 5 });
        expect(test.environment).toEqual({ A: "shell", C: "file", D: "d", constructor: "file" });
    });

    it("has each of its problems told once, however many services extend its", () => {
        write({ "bad.yaml": "services: { base: { image: \"a/b:1\", ports: [{ target: 80, foo: 1 }] } }\n" });
        const extended = "{ extends: { file: bad.yaml, service: base } }";
        expect(told(`services:\n  one: ${extended}\n  two: ${extended}\n`).refused.filter(line => line.includes("foo"))).toHaveLength(1);
    });

    it("takes out of the first what can't be carried over", () => {
        const files = write({
            "whole.yaml": "services:\n  web: { image: \"a/b:1\", ports: [\"80\"], cap_add: [NET_ADMIN], volumes: [\"/var/run/docker.sock:/s\", \"d:/d\"] }\n  proxy: { image: \"p:1\", ports: [\"81\"], privileged: true }\nvolumes: { d: }\n",
            "landfall.yaml": "services:\n  web: { cap_add: !reset [], volumes: !override [\"d:/d\"] }\n  proxy: !reset null\n",
        });
        expect(() => readCompose(files.slice(0, 1), {}, {})).toThrow("`!reset null` leaves out a key or a whole service");
        expect(Object.keys(readCompose(files, {}, {}).services)).toEqual(["web"]);
    });
});

describe("variables of Compose's own", () => {
    const text = "services:\n  web: { image: \"a/b:1\", ports: [\"80\"], environment: { P: \"${COMPOSE_PROJECT_NAME}\" } }\n  tool: { image: \"a/b:1\", profiles: [debug, dev] }\n";

    it("name the project as its directory, unless somebody sets it", () => {
        expect(read(text, { name: "My.Shop_1/compose.yaml" }).services.web.environment.P).toBe("myshop_1");
        expect(read(`name: \${SHOP:-store}\n${text}`).services.web.environment.P).toBe("store");
        expect(read(`name: store\n${text}`, { environment: { COMPOSE_PROJECT_NAME: "own" } }).services.web.environment.P).toBe("own");
    });

    it.each<[string | undefined, boolean]>([[undefined, false], ["", false], ["debug", true], ["x, dev", true], ["*", true], ["debu", false]])("COMPOSE_PROFILES=%s choose services", (profiles, isThere) => {
        expect(Object.hasOwn(read(text, { environment: { COMPOSE_PROFILES: profiles } }).services, "tool")).toBe(isThere);
    });
});
