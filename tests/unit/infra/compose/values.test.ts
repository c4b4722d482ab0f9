import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EnvFileError, parseEnvFile } from "../../../../infra/compose/env-file";
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

    // What the reference implementation reads.
    it.each<[string, number]>([[".5k", 512], ["5.", 5], ["+1", 1], ["007 m", 7 * 1024 ** 2], ["1p", 1024 ** 5], ["1 b", 1], ["3Ki" + "B", 3072]])("%j is %d", (text, bytes) => expect(parseBytes(text)).toBe(bytes));

    it.each(["", "x", "-1m", "1x", "1 2m", "m", "1ki", "1  ", " 1", "1ib", "1bytes", "1,5m"])("is not %j", text => expect(parseBytes(text)).toBeUndefined());
});

describe("a duration", () => {
    it("is the sum of its parts", () => {
        fc.assert(fc.property(fc.nat({ max: 99 }), fc.nat({ max: 99 }), fc.nat({ max: 999 }), (hours, minutes, milliseconds) => {
            expect(parseDuration(`${hours}h${minutes}m${milliseconds}ms`)).toBeCloseTo(hours * 3600 + minutes * 60 + milliseconds / 1000, 6);
        }));
        expect(parseDuration("1m30s")).toBe(90);
        expect(parseDuration("10us")).toBeCloseTo(1e-5, 9);
    });

    it.each<[string, number]>([["0", 0], ["1d", 86_400], ["1w2d", 777_600], ["+5s", 5], [".5m", 30], ["2.h", 7200], ["1s1m1s", 62], ["3µs", 3e-6], ["3μs", 3e-6], ["9ns", 9e-9]])(
        "%j is %d s", (text, seconds) => expect(parseDuration(text)).toBeCloseTo(seconds, 9));

    it.each(["", "10", "1y", "s", "1m 30s", "-1s", "1S", ".s", " 1s"])("is not %j", text => expect(parseDuration(text)).toBeUndefined());
});

describe("a variable", () => {
    const variables = { SET: "value", EMPTY: "" };

    it.each<[string, string]>([
        ["$SET/x", "value/x"], ["${SET}x", "valuex"], ["$SETx", ""], ["$$SET ${SET}", "$SET value"], ["$${SET}", "${SET}"],
        ["${EMPTY:-a}", "a"], ["${EMPTY-a}", ""], ["${UNSET:-a}", "a"], ["${UNSET-a}", "a"], ["${SET:-a}", "value"],
        ["${SET:+a}", "a"], ["${EMPTY:+a}", ""], ["${EMPTY+a}", "a"], ["${UNSET+a}", ""], ["${SET:?no}", "value"],
        // A dollar sign before anything else is itself, as in the reference implementation.
        ["^https?://x(:[0-9]+)?$", "^https?://x(:[0-9]+)?$"], ["$(stat -c '%g' /x)", "$(stat -c '%g' /x)"], ["5 $ a", "5 $ a"], ["$1$é", "$1$é"],
        ["${UNSET:-${SET}}", "value"], ["${UNSET:-${EMPTY:-b}}c", "bc"], ["${UNSET:-a:b-c?d}", "a:b-c?d"], ["${UNSET:-}", ""],
    ])("makes %j %j", (text, expected) => expect(interpolate(text, variables).text).toBe(expected));

    it("that isn't set is told, unless there is a default", () => {
        expect(interpolate("$A ${B} ${C:-x} ${D:-$E}", {}).unset).toEqual(["A", "B", "E"]);
    });

    it.each([["${UNSET:?no such}", "needs the variable UNSET: no such"], ["${EMPTY:?}", "needs the variable EMPTY: it is not set"],
        ["${SET/a/b}", "has ${SET…}, which is no variable"], ["${SET", "has \"${\" without \"}\""],
    ])("in %j is refused", (text, message) => expect(() => interpolate(text, variables)).toThrow(message));

    it.each(["hunter2${", "hunter2${SET/hunter2}", "${hunter2!}"])("that is refused is told without the text around it, which may be secret: %j", text => {
        expect(() => interpolate(text, variables)).toThrow(expect.objectContaining({ message: expect.not.stringMatching(/hunter2.*hunter2|hunter2\$|hunter2!|\/hunter2/) as string }));
    });

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

    // The reference implementation's answers, with SET=value where it runs.
    it.each<[string, string]>([
        ["A = y ", "y"], ["A=a=b", "a=b"], ["  A=1", "1"], ["export  A=1", "1"], ["A\t=1", "1"], ["A=a;b", "a;b"], ["A=", ""], ["A=''", ""],
        ["A=a #b", "a"], ["A=a\t#b", "a\t#b"], ["A=#b", "#b"], ["A= #b", "#b"], ["A='a' # b", "a"], ["A=\"a#b\"", "a#b"], ["A=\"a\nb # c\nd\"", "a\nb # c\nd"],
        ["A='a\\'b'", "a'b"], ["A=\"a\\\"b\"", "a\"b"], ["A=a\"b\"", "a\"b\""], ["A=a'b", "a'b"], ["A='a\\nb'", "a\\nb"], ["A=a\\nb", "a\\nb"], ["A=\"a\\tb\\vc\"", "a\tb\vc"],
        ["A=\"\\\\\"", "\\"], ["A=\"a\\\\nb\"", "a\\nb"], ["A=\"\\x\"", "\\x"], ["A=\"\\0101\"", "A"], ["A=a\\", "a\\"], ["A=\"\\$SET\"", "$SET"], ["A=\\$SET", "\\value"],
        ["A=$$", "$"], ["A='$$'", "$$"], ["A=x$ y", "x$ y"], ["A=${SET}${NONE:-e}", "valuee"], ["A: 'y'", "y"], ["A:x", "x"], ["\uFEFFA=1", "1"],
    ])("%j makes A %j, wherever it stands", (line, expected) => {
        expect(parseEnvFile(line, { SET: "value" })).toEqual({ A: expected });
        expect(parseEnvFile(`${line}\r\nZ=2`, { SET: "value" })).toEqual({ A: expected, Z: "2" });
        if (!line.startsWith("\uFEFF")) expect(parseEnvFile(`Y=1\n\n# x\n${line}\n`, { SET: "value" })).toEqual({ Y: "1", A: expected });
    });

    it.each<[string, RegExp]>([
        ["K='it''s'", /^sets no variable: [^']*$/], ["two words", /^sets no variable/], ["A B=1", /^sets no variable/], ["-----BEGIN KEY-----", /^sets no variable: (?!.*BEGIN)/], ["=x", /^sets no variable/],
        ["MIIEvQIBADANB/gkq+hkiG9w==", /^sets no variable: (?!.*MIIE)/],
        ["A=\"open", /has " without another one that ends the value/], ["A='open", /has ' without another/], ["A=${B:?set it}", /needs the variable B: set it/], ["A=${", /has "\$\{" without "\}"/],
    ])("is refused at the line of %j, whatever precedes it", (line, message) => {
        fc.assert(fc.property(fc.array(fc.constantFrom("", "# x", "B_=1", "C='a\nb'", "export D"), { maxLength: 6 }), above => {
            const read = () => parseEnvFile([...above, line].join("\n"), {});
            expect(read).toThrow(EnvFileError);
            expect(read).toThrow(message);
            expect(read).toThrow(expect.objectContaining({ line: above.join("\n").split("\n").length + (above.length > 0 ? 1 : 0) }));
        }));
    });

    it("has every text between quotes as it is", () => {
        fc.assert(fc.property(fc.string({ unit: fc.constantFrom("a", " ", "#", "$", "=", "\n", "\"", "\\n", "${") }).map(text => text.replace(/\\$/, "")), text => {
            expect(parseEnvFile(`A='${text}'\nB=1`, {})).toEqual({ A: text, B: "1" });
        }));
    });
});

describe("a command line", () => {
    it.each<[string, string[]]>([
        ["bundle exec thin -p 3000", ["bundle", "exec", "thin", "-p", "3000"]], ["sh -c 'echo \"a b\" $X'", ["sh", "-c", "echo \"a b\" $X"]],
        ["a\\ b \"c\\\"d\" ''", ["a b", "c\"d", ""]], ["  ", []], ["a'b'\"c\"", ["abc"]],
        // The reference implementation's answers.
        ["\"a\\nb\"", ["anb"]], ["a\\\nb", ["a\nb"]], ["'a\\b'", ["a\\b"]], ["a $(b c) d", ["a", "$(b c)", "d"]], ["`a b`", ["`a b`"]], ["'a;b' \"c|d\"", ["a;b", "c|d"]], ["a\r\n b", ["a", "b"]],
    ])("%j has the words %j", (line, words) => expect(splitWords(line)).toEqual({ words, rest: "" }));

    it.each<[string, string[], string]>([
        ["npm ci && npm start", ["npm", "ci"], "&& npm start"], ["a;b", ["a"], ";b"], ["a | b", ["a"], "| b"], ["a >x", ["a"], ">x"], ["a 2>&1", ["a"], ">&1"], ["<x", [], "<x"],
    ])("%j ends before what only a shell understands", (line, words, rest) => expect(splitWords(line)).toEqual({ words, rest }));

    it.each(["a 'b", "\"", "a\\", "`a", "(a)", "a)", "$(a"])("%j is refused", line => expect(splitWords(line)).toBeUndefined());

    it("of quoted words has exactly these", () => {
        fc.assert(fc.property(fc.array(fc.string()), words => {
            expect(splitWords(words.map(word => `'${word.replaceAll("'", "'\\''")}'`).join(" "))).toEqual({ words, rest: "" });
        }));
    });
});

describe("a port", () => {
    it.each<[string, object[]]>([
        ["3000", [{ target: 3000, protocol: "tcp" }]], ["8080:80", [{ target: 80, published: "8080", protocol: "tcp" }]],
        ["127.0.0.1:8001:8001/udp", [{ target: 8001, published: "8001", protocol: "udp", isLocal: true }]], ["127.0.0.1::80", [{ target: 80, published: "", protocol: "tcp", isLocal: true }]],
        ["9090-9091:8080-8081", [{ target: 8080, published: "9090", protocol: "tcp" }, { target: 8081, published: "9091", protocol: "tcp" }]],
        ["080:080", [{ target: 80, published: "80", protocol: "tcp" }]], ["8080-8080:80", [{ target: 80, published: "8080", protocol: "tcp" }]], ["80/", [{ target: 80, protocol: "tcp" }]],
        ["8000-8002:80", [{ target: 80, published: "8000-8002", protocol: "tcp" }]], ["[::1]:6001:6001", [{ target: 6001, published: "6001", protocol: "tcp", isLocal: true }]], ["3000-3001", [{ target: 3000, protocol: "tcp" }, { target: 3001, protocol: "tcp" }]],
    ])("%s is read as the specification has it", (text, ports) => expect(parsePorts(text)).toEqual(ports));

    it.each(["", "http", "80:http", "0", "70000", "9000-9001:80-89", "5-1", "80:80:80", "99999:80", "80/http", " 80", "::1:80:80", "9-8:80", "a:80:80"])("is not %j", text => expect(parsePorts(text)).toBeUndefined());
});

describe("a mount", () => {
    it.each<[string, object]>([
        ["data:/var/lib/x", { type: "volume", source: "data", target: "/var/lib/x", readOnly: false }], ["./a:/b:ro,z", { type: "bind", source: "./a", target: "/b", readOnly: true }],
        ["/var/run/docker.sock:/var/run/docker.sock", { type: "bind", source: "/var/run/docker.sock", target: "/var/run/docker.sock", readOnly: false }],
        ["C:/data:/c:ro", { type: "bind", source: "C:/data", target: "/c", readOnly: true }], ["\\\\host\\x:/y", { type: "bind", source: "\\\\host\\x", target: "/y", readOnly: false }],
        ["~/c:/c", { type: "bind", source: "~/c", target: "/c", readOnly: false }], ["C:\\data:/c", { type: "bind", source: "C:\\data", target: "/c", readOnly: false }],
        ["/cache", { type: "volume", target: "/cache", readOnly: false }], ["data:/x/", { type: "volume", source: "data", target: "/x", readOnly: false }],
    ])("%s is read as the specification has it", (text, mount) => expect(parseMount(text)).toEqual(mount));

    it.each(["", "data", "data:relative", "a:/b:ro:x"])("is not %j", text => expect(parseMount(text)).toBeUndefined());
});
