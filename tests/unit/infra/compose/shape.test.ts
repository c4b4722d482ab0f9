import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { composeDirectory } from "../../support/compose";

const { read, told, write } = composeDirectory();
const service = (keys: string) => `services:\n  web:\n    image: a/b:1\n    expose: ["80"]\n${keys.replace(/^/gm, "    ")}\n`;
const environment = (value: string) => read(service(`environment:\n  A: ${value}`)).services.web.environment.A;

describe("a number in the environment", () => {
    // What the reference implementation makes of it.
    it.each<[string, string]>([
        ["123456789012345678", "123456789012345678"], ["12345678901234567890", "12345678901234567890"], ["010", "8"], ["0777", "511"], ["0o14", "12"], ["0x1F", "31"], ["0b11", "3"], ["1_000", "1000"],
        ["-010", "-8"], ["08", "8"], ["+1", "1"], ["1.0", "1"], ["3.10", "3.1"], ["1e3", "1000"], ["1e6", "1e+06"], ["1e-7", "1e-07"], ["123456.5", "123456.5"], ["1234567.5", "1.2345675e+06"], ["1e400", "1e400"],
        ["1.2.3", "1.2.3"], ["1:30", "1:30"], ["_1", "_1"], ["\"010\"", "010"], ["!!str 010", "010"], ["yes", "yes"], ["on", "on"], ["True", "true"], ["null", ""], ["~", ""],
    ])("%s is %s", (written, expected) => expect(environment(written) ?? "").toBe(expected));

    it("has all its digits", () => {
        fc.assert(fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), number => {
            expect(environment(String(number))).toBe(String(number));
        }), { numRuns: 30 });
    });
});

describe("a value of another form than the specification's", () => {
    it.each<[string, string]>([
        ["ports: \"80:80\"", "services.web.ports is \"80:80\", and has to be a list"], ["volumes: { a: /b }", "services.web.volumes is {\"a\":\"/b\"}, and has to be a list"],
        ["depends_on: db", "services.web.depends_on is \"db\", and has to be a list or a mapping"], ["environment: A=1", "services.web.environment has to be a list or a mapping"],
        ["environment: { A: [1] }", "services.web.environment.A has to be a text or number"], ["environment: [\"A\", { B: c }]", "services.web.environment has to be a text"],
        ["secrets: token", "services.web.secrets is"], ["networks: front", "services.web.networks is"], ["healthcheck: curl", "services.web.healthcheck is"], ["deploy: 2", "services.web.deploy is"],
        ["command: { a: b }", "services.web.command is"], ["profiles: debug", "services.web.profiles is"], ["privileged: perhaps", "services.web.privileged is \"perhaps\", and has to be true or false"],
        ["working_dir: app", "services.web.working_dir is \"app\", and has to be an absolute path"], ["tmpfs: run", "services.web.tmpfs is \"run\", and has to be an absolute path"],
        ["depends_on: { web2: { condition: healthy } }", "services.web.depends_on.web2.condition is \"healthy\", and has to be service_started"], ["env_file: [{ path: a.env, format: json }]", "env_file.format is"],
        ["networks: [front]", "services.web.networks has front, which isn't listed at the top"], ["entrypoint: []", "services.web.entrypoint removes the image's"], ["healthcheck: { test: a, retries: many }", "retries is \"many\""],
    ])("is refused, not ignored: %s", (keys, message) => expect(told(service(keys)).refused).toEqual(expect.arrayContaining([expect.stringMatching(/^compose\.yaml:5: /), expect.stringContaining(message)])));

    it.each(["environment: DB_PASSWORD=hunter2", "environment: [{ DB_PASSWORD: hunter2 }]", "environment: { DB_PASSWORD: [hunter2] }", "environment: { DB_PASSWORD: \"hunter2${\" }"])(
        "is told without what may be secret: %s", keys => {
            const { refused } = told(service(keys));
            expect(refused).toHaveLength(1);
            expect(refused[0]).not.toContain("hunter2");
        });

    it.each<[string, string]>([
        ["healthcheck: { intervall: 1s }", "services.web.healthcheck.intervall is no key of the Compose specification. Is it interval?"], ["build: { contxt: . }", "build.contxt is no key of the Compose specification. Is it context?"],
        ["deploy: { resources: { limit: {} } }", "deploy.resources.limit is no key of the Compose specification. Is it limits?"], ["enviroment: {}\nx: 1", "services.web.x is no key"],
        ["imgae: x", "services.web.imgae is no key of the Compose specification. Is it image?"], ["dependsOn: [a]", "Is it depends_on?"], ["ports: [{ target: 80, publish: 80 }]", "ports.publish is no key"],
        ["secrets: [{ sorce: a }]", "secrets.sorce is no key of the Compose specification. Is it source?"], ["env_file: [{ path: a, reqired: false }]", "Is it required?"],
    ])("or a key that it doesn't know: %s", (keys, message) => expect(told(service(keys)).refused).toEqual(expect.arrayContaining([expect.stringContaining(message)])));

    it.each(["environment:", "ports:", "volumes: []", "depends_on:", "cap_add: []", "devices: []", "pid: \"\"", "network_mode: \"${NONE:-}\"", "user: \"\"", "working_dir: \"\"", "healthcheck: { test: [] }", "mem_limit: 0",
        "cpus: 0", "healthcheck: { test: a, retries: 0, interval: 0s }", "networks:", "x-own: [1]", "deploy: { x-own: 1 }", "tty: false"])("is fine where it says nothing: %s", keys => expect(told(service(keys)).refused).toEqual([]));

    it.each(["true", "\"true\"", "yes", "\"On\"", "${YES}"])("is a truth value in any notation: %s", value => {
        const [file] = write({ ".env": "YES=true\n" });
        expect(file).toBeDefined();
        expect(told(service(`privileged: ${value}`)).refused[0]).toContain("privileged can't be carried over");
    });
});

describe("a file that isn't YAML as Compose reads it", () => {
    it.each<[string, RegExp]>([
        ["services:\n  a: [\n", /^compose\.yaml:3: Flow sequence/], ["services:\n\ta: 1\n", /^compose\.yaml:2: Tabs/], ["services: {}\nservices: {}\n", /^compose\.yaml:2: the key is in this mapping twice/],
        ["services: {}\n---\nservices: {}\n", /^compose\.yaml:\d: a second document begins here/], ["services:\n  a: *none\n", /^compose\.yaml:2: \*none has no anchor &none above it/],
        ["services:\n  a: &a\n    image: x:1\n    x-a: *a\n", /^compose\.yaml:4: \*a is within the value that it stands for/], ["- a\n", /^compose\.yaml:1: the file has no services/], ["", /^compose\.yaml:1: the file has no services/],
    ])("is refused at the line: %j", (text, message) => expect(told(text).refused[0]).toMatch(message));

    it("with aliases of aliases is read in no time", () => {
        const bomb = Array.from({ length: 12 }, (_, level) => `x-${level + 1}: &l${level + 1} [${Array.from({ length: 9 }, () => level === 0 ? "1" : `*l${level}`).join(", ")}]`).join("\n");
        const start = performance.now();
        expect(told(`${bomb}\n${service("user: \"5\"")}`).refused).toEqual([]);
        expect(performance.now() - start).toBeLessThan(5000);
    });
});
