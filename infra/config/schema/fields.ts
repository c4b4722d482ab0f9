import * as path from "node:path";
import * as z from "zod";
import { isAddress } from "../../../components/cluster/ipv4";
import { fromHome } from "../../../components/files";
import { hostVerdict, labelVerdict, lineVerdict, networkVerdict, quantityVerdict, strangeCharacter, type Verdict } from "./verdicts";

/**
 * The kinds of values that keys have. Each carries `allowed`, a phrase that errors and the reference show, so that
 * the check and its description are side by side.
 */
export function text(allowed: string, test: (given: string) => Verdict) {
    return z.string().superRefine((given, context) => explain(test(given), context)).meta({ allowed });
}

/** Adds an issue with the verdict's reason, which the error message shows. */
function explain(verdict: Verdict, context: z.core.$RefinementCtx): void {
    if (verdict !== true) context.addIssue({ code: "custom", params: verdict === false ? {} : { reason: verdict } });
}

export function isDnsLabel(given: string, longest = 63): boolean {
    return labelVerdict(given, longest) === true;
}

export function isHostname(given: string): boolean {
    return hostVerdict(given) === true;
}

// The grammar of docker/distribution: [host[:port]/]path[:tag][@digest].
const domain = "(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::(?:6553[0-5]|655[0-2]\\d|65[0-4]\\d\\d|6[0-4]\\d{3}|[1-5]\\d{4}|[1-9]\\d{0,3}))?)";
const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const imageName = `(?:${domain}/)?${component}(?:/${component})*`;
const pinnedImage = new RegExp(`^${imageName}(?::[\\w][\\w.-]{0,127}(?:@sha256:[a-f0-9]{64})?|@sha256:[a-f0-9]{64})$`);
const registryName = new RegExp(`^(?=[^/]*[.:]|localhost(?:/|$))${domain}(?:/${component})*$`);

export function dnsLabel(longest = 63) {
    return text(
        `1 to ${longest} lower-case letters, digits and "-", beginning and ending with a letter or digit`,
        given => labelVerdict(given, longest),
    );
}

/** The name of an object such as a StorageClass. */
export function objectName() {
    return text(
        "a name of a Kubernetes object: lower-case letters, digits, \"-\" and \".\"",
        given => labelVerdict(given, 253, /[a-z0-9.-]/),
    );
}

export function hostname() {
    return text("a host name in lower case, without scheme, port, path or wildcard; not an IP address", hostVerdict);
}

export function image() {
    return text("an image reference with a tag or a digest", given =>
        pinnedImage.test(given) || (pinnedImage.test(`${given}:x`) && "has neither a tag nor a digest"));
}

/** A day that isn't in the future; elsewhere it may already be tomorrow. */
export function day() {
    return text('a date "YYYY-MM-DD", in quotes, that is not in the future', given => {
        const time = /^\d{4}-\d{2}-\d{2}$/.test(given) ? Date.parse(`${given}T00:00:00Z`) : NaN;
        if (Number.isNaN(time)) return false;
        if (!new Date(time).toISOString().startsWith(given)) return "is a day that there is not";
        return time <= Date.now() + 24 * 60 * 60 * 1000 || "is in the future";
    });
}

export function registry() {
    return text(
        "a registry's host and, mostly, a path in it; no scheme, no tag",
        given => registryName.test(given),
    );
}

export function line(longest: number) {
    return text(`text on one line, 1 to ${longest} characters`, given => lineVerdict(given, longest));
}

/** A text that matches the pattern. With `characters`, the error names the first one that isn't allowed. */
export function matching(allowed: string, pattern: RegExp, characters?: RegExp) {
    return text(allowed, given => pattern.test(given) || ((characters && strangeCharacter(given, characters)) ?? false));
}

/** An IPv4 address. */
export function address() {
    return text("an IPv4 address", isAddress);
}

/** An IPv4 address that one machine may have. */
export function machineAddress() {
    return text("an IPv4 address of one machine, from 1.0.0.0 to 223.255.255.255 except 127.…", given => {
        const first = Number(given.split(".")[0]);
        return isAddress(given) && ((first > 0 && first < 224 && first !== 127) || "is no address that other machines reach");
    });
}

/** HOST:PORT, or only a host if the port is optional. */
export function hostAndPort(allowed: string, pattern: RegExp) {
    return text(allowed, given => {
        const { host = "", port } = pattern.exec(given)?.groups ?? {};
        if (port !== undefined && (Number(port) < 1 || Number(port) > 65535)) return `has the port ${port}, and ports are from 1 to 65535`;
        if (host === "" || isAddress(host)) return host !== "";
        const verdict = hostVerdict(host);
        return verdict === false || verdict === true ? verdict : `has the host ${host}, which ${verdict}`;
    });
}

/** An e-mail address that both PHP and WordPress accept. */
export function email() {
    return text("an e-mail address such as editor@example.com, at most 100 characters", given => {
        const at = given.lastIndexOf("@");
        const [local, host] = [given.slice(0, Math.max(at, 0)), given.slice(at + 1)];
        if (at < 1) return "has no @ with something before it";
        const strange = strangeCharacter(local, /[\w'+.-]/);
        if (strange !== undefined) return strange;
        if (/^\.|\.\.|\.$/.test(local)) return "has a dot too many before the @";
        if (local.length > 64) return `has ${local.length} characters before the @, and 64 is the most`;
        const verdict = hostVerdict(host.toLowerCase());
        if (verdict !== true) return verdict === false ? false : `has ${JSON.stringify(host)} behind the @, which ${verdict}`;
        if (!host.includes(".")) return `has ${JSON.stringify(host)} behind the @, which has no dot`;
        return given.length <= 100 || `has ${given.length} characters`;
    });
}

/** An IPv4 network whose prefix length lies between the two. */
export function network(widest: number, narrowest: number) {
    return text(
        `an IPv4 network ADDRESS/LENGTH, LENGTH from ${widest} to ${narrowest}, no bit of the address set beyond it`,
        given => networkVerdict(given, widest, narrowest),
    );
}

/** The path made absolute: `~/` is the home directory, other relative paths begin beside Pulumi.yaml. */
export function absolutePath(given: string): string {
    return path.resolve(__dirname, "../../..", fromHome(given));
}

/** A path on this computer, unchanged: an absolute one would make the state differ between computers. */
export function portablePath(what: string) {
    return text(`${what}: absolute, beginning with ~/, or relative to the directory of Pulumi.yaml`, given => {
        if (given.trim() === "") return "is empty";
        const user = /^~[^\\/]+/.exec(given)?.[0];
        if (user !== undefined) return `begins with ${user}: only ~/ is a home directory here`;
        return strangeCharacter(given, /\P{Cc}/u) ?? true;
    });
}

/** A path on this computer, made absolute. */
export function localPath(what: string) {
    return portablePath(what).transform(absolutePath);
}

/** A Kubernetes quantity above zero, as text or as a number. */
export function quantity(kind: "cpu" | "bytes", least?: string, most?: string) {
    const such = kind === "cpu" ? "500m, 0.5 or 2" : least === "1Gi" ? "4Gi or 1.5Gi" : "512Mi, 4Gi or 1.5Gi";
    const bounds = most ? `from ${least} to ${most}` : least ? `of at least ${least}` : "above 0";
    const allowed = most ? `a Kubernetes quantity ${bounds}` : `a Kubernetes quantity ${bounds}, such as ${such}`;
    return z.union([z.string(), z.number()]).transform(String)
        .superRefine((given, context) => explain(quantityVerdict(given, least, most), context)).meta({ allowed });
}

export function whole(least: number, most: number) {
    return z.int().min(least).max(most).meta({ allowed: `a whole number from ${least} to ${most}` });
}

export function port(least = 1, most = 65535) {
    return whole(least, most);
}

/** Ports that browsers refuse because other services use them. */
const refusedByBrowsers = [
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110, 111, 113, 115,
    117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587,
    601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669,
    6679, 6697, 10080,
];

/** A port that browsers open. */
export function webPort() {
    return port().superRefine((given, context) =>
        explain(!refusedByBrowsers.includes(given) || "is a port that browsers refuse to open", context));
}

export function flag() {
    return z.boolean().meta({ allowed: "true or false" });
}

export function choice<const T extends readonly string[]>(...values: T) {
    return z.enum(values).meta({ allowed: values.length === 1 ? values[0] : `one of ${values.join(", ")}` });
}

/** The key that chooses a target. */
export function target<const T extends string>(name: T, description: string) {
    return choice(name).meta({
        description, example: name, change: "replaces the cluster and everything in it, without moving the data",
    });
}

/** Platform of the nodes, for the images that the program builds. */
export function platform() {
    return choice("linux/amd64", "linux/arm64").optional().meta({
        description: "Processor architecture of the nodes, if it differs from this computer's, as with many Macs. The program "
            + "builds images for it.",
        example: "linux/amd64", defaultText: "this computer's",
    });
}

/** A list of `entry`; `what` names the entries, in the plural. */
export function listOf<T extends z.ZodType>(what: string, entry: T, least = 0) {
    const allowed = least > 0 ? `a list of ${what}, at least ${least}` : `a list of ${what}`;
    return z.array(entry).min(least).meta({ allowed });
}

/**
 * Whether a key has no special meaning in JavaScript or Pulumi's SDK. The SDK can't register an object with a
 * `toString` of its own, and mistakes one with `then` for a promise, and one with the last of these for a secret or an asset.
 */
export function isPlainKey(key: string): boolean {
    const meaningful = [
        ...Object.getOwnPropertyNames(Object.prototype), "then", "toJSON", "prototype", "4dabf18193072939515e22adb298388d",
    ];
    return !meaningful.includes(key) && !key.startsWith("__");
}

/** A record of `value` under names that the user chooses; `entry` is the name in examples. */
export function byName<T extends z.ZodType>(names: string, pattern: RegExp, entry: string, value: T) {
    return z.record(z.string().regex(pattern).refine(isPlainKey), value).meta({ names, entry });
}
