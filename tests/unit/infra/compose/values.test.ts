import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseEnvFile } from "../../../../infra/compose/env-file";
import { interpolate } from "../../../../infra/compose/interpolation";
import { parseBytes, parseDuration, parseMount, parsePorts, splitWords } from "../../../../infra/compose/values";
import { asText, placeholder } from "../../../../infra/services/environment";

describe("a byte value", () => {
    it("is its amount times its unit, in any of the unit's spellings", () => {
        const units = fc.constantFrom(["b", 1], ["k", 1024], ["m", 1024 ** 2], ["g", 1024 ** 3]) as fc.Arbitrary<[string, number]>;
        fc.assert(fc.property(fc.nat({ max: 1_000_000 }), units, fc.boolean(), (amount, [unit, factor], long) => {
            const spelt = long && unit !== "b" ? `${unit}b` : unit;
            expect(parseBytes(`${amount}${spelt}`)).toBe(amount * factor);
            expect(parseBytes(`${amount}${spelt.toUpperCase()}`)).toBe(amount * factor);
        }));
        expect([parseBytes("1024"), parseBytes("1.5gb"), parseBytes("2GiB")]).toEqual([1024, 1.5 * 1024 ** 3, 2 * 1024 ** 3]);
    });

    it.each(["", "x", "-1m", "1x", "1 2m", "m"])("is not %j", text => expect(parseBytes(text)).toBeUndefined());
});

describe("a duration", () => {
    it("is the sum of its parts", () => {
        fc.assert(fc.property(fc.nat({ max: 99 }), fc.nat({ max: 99 }), fc.nat({ max: 999 }), (hours, minutes, milliseconds) => {
            expect(parseDuration(`${hours}h${minutes}m${milliseconds}ms`)).toBeCloseTo(hours * 3600 + minutes * 60 + milliseconds / 1000, 6);
        }));
        expect(parseDuration("1m30s")).toBe(90);
        expect(parseDuration("10us")).toBeCloseTo(1e-5, 9);
    });

    it.each(["", "10", "1d", "s", "1m 30s", "-1s"])("is not %j", text => expect(parseDuration(text)).toBeUndefined());
});

describe("a variable", () => {
    const variables = { SET: "value", EMPTY: "" };

    it.each<[string, string]>([
        ["$SET/x", "value/x"], ["${SET}x", "valuex"], ["$SETx", ""], ["$$SET ${SET}", "$SET value"], ["$${SET}", "${SET}"],
        ["${EMPTY:-a}", "a"], ["${EMPTY-a}", ""], ["${UNSET:-a}", "a"], ["${UNSET-a}", "a"], ["${SET:-a}", "value"],
        ["${SET:+a}", "a"], ["${EMPTY:+a}", ""], ["${EMPTY+a}", "a"], ["${UNSET+a}", ""], ["${SET:?no}", "value"],
        ["${UNSET:-${SET}}", "value"], ["${UNSET:-${EMPTY:-b}}c", "bc"], ["${UNSET:-a:b-c?d}", "a:b-c?d"], ["${UNSET:-}", ""],
    ])("makes %j %j", (text, expected) => expect(interpolate(text, variables).text).toBe(expected));

    it("that isn't set is told, unless there is a default", () => {
        expect(interpolate("$A ${B} ${C:-x} ${D:-$E}", {}).unset).toEqual(["A", "B", "E"]);
    });

    it.each([["${UNSET:?no such}", "needs the variable UNSET: no such"], ["${EMPTY:?}", "needs the variable EMPTY: it is not set"],
        ["${SET/a/b}", "has ${SET/a/b}, which is no variable"], ["a$", "has a \"$\" that begins no variable"], ["${SET", "has \"${\" without \"}\""],
    ])("in %j is refused", (text, message) => expect(() => interpolate(text, variables)).toThrow(message));

    it("changes no text without a dollar sign, and none whose dollar signs are doubled", () => {
        fc.assert(fc.property(fc.string(), text => {
            expect(interpolate(text.replaceAll("$", "$$$$"), {}).text).toBe(text);
        }));
    });

    it("of a Compose file never becomes a placeholder of the stack's settings", () => {
        fc.assert(fc.property(fc.string({ unit: fc.constantFrom("$", "{", "}", "a") }), text => {
            const restored = asText(text).replace(placeholder, found => found.startsWith("$$") ? found.slice(1) : "WRONG");
            expect(restored).toBe(text);
        }));
    });
});

describe("an env file", () => {
    it("has a variable on each line, with comments and quotes", () => {
        const text = "# x\nA=1\n\nexport B = two words # comment\nC='$A # \"x\"'\nD=\"$A\\n\\\"q\\\"\"\nE=a#b\nF=\nG=${A:-x}${NONE:-y}\nH=\"one\ntwo\"\nSHELL_VALUE\nUNKNOWN\nI: 7\r\n";
        expect(parseEnvFile(text, { SHELL_VALUE: "s" })).toEqual({
            A: "1", B: "two words", C: "$A # \"x\"", D: "1\n\"q\"", E: "a#b", F: "", G: "1y", H: "one\ntwo", SHELL_VALUE: "s", I: "7",
        });
    });
});

describe("a command line", () => {
    it.each<[string, string[]]>([
        ["bundle exec thin -p 3000", ["bundle", "exec", "thin", "-p", "3000"]], ["sh -c 'echo \"a b\" $X'", ["sh", "-c", "echo \"a b\" $X"]],
        ["a\\ b \"c\\\"d\" ''", ["a b", "c\"d", ""]], ["  ", []], ["a'b'\"c\"", ["abc"]],
    ])("%j has the words %j", (line, words) => expect(splitWords(line)).toEqual(words));

    it("with an open quote is refused", () => expect(splitWords("a 'b")).toBeUndefined());

    it("of quoted words has exactly these", () => {
        fc.assert(fc.property(fc.array(fc.string()), words => {
            expect(splitWords(words.map(word => `'${word.replaceAll("'", "'\\''")}'`).join(" "))).toEqual(words);
        }));
    });
});

describe("a port", () => {
    it.each<[string, object[]]>([
        ["3000", [{ target: 3000, protocol: "tcp" }]], ["8080:80", [{ target: 80, published: "8080", protocol: "tcp" }]],
        ["127.0.0.1:8001:8001/udp", [{ target: 8001, published: "8001", protocol: "udp" }]], ["127.0.0.1::80", [{ target: 80, published: "", protocol: "tcp" }]],
        ["9090-9091:8080-8081", [{ target: 8080, published: "9090", protocol: "tcp" }, { target: 8081, published: "9091", protocol: "tcp" }]],
        ["[::1]:6001:6001", [{ target: 6001, published: "6001", protocol: "tcp" }]], ["3000-3001", [{ target: 3000, protocol: "tcp" }, { target: 3001, protocol: "tcp" }]],
    ])("%s is read as the specification has it", (text, ports) => expect(parsePorts(text)).toEqual(ports));

    it.each(["", "http", "80:http", "0", "70000", "9000-9001:80-89", "5-1"])("is not %j", text => expect(parsePorts(text)).toBeUndefined());
});

describe("a mount", () => {
    it.each<[string, object]>([
        ["data:/var/lib/x", { type: "volume", source: "data", target: "/var/lib/x", readOnly: false }], ["./a:/b:ro,z", { type: "bind", source: "./a", target: "/b", readOnly: true }],
        ["/var/run/docker.sock:/var/run/docker.sock", { type: "bind", source: "/var/run/docker.sock", target: "/var/run/docker.sock", readOnly: false }],
        ["~/c:/c", { type: "bind", source: "~/c", target: "/c", readOnly: false }], ["C:\\data:/c", { type: "bind", source: "C:\\data", target: "/c", readOnly: false }],
        ["/cache", { type: "volume", target: "/cache", readOnly: false }], ["data:/x/", { type: "volume", source: "data", target: "/x", readOnly: false }],
    ])("%s is read as the specification has it", (text, mount) => expect(parseMount(text)).toEqual(mount));

    it.each(["", "data", "data:relative", "a:/b:ro:x"])("is not %j", text => expect(parseMount(text)).toBeUndefined());
});
