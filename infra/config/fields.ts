import * as os from "node:os";
import * as path from "node:path";
import * as z from "zod";
import { Ipv4Network, parseNetwork } from "./network";
import { parseQuantity, quantity as value } from "../../components/quantity";

/**
 * The kinds of values that keys have. Each carries `allowed`, a phrase that errors and the reference show, so that
 * what is checked and what is told stand side by side.
 */
function text(allowed: string, test: (given: string) => boolean) {
    return z.string().refine(test).meta({ allowed });
}

const label = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

export function isDnsLabel(given: string, longest = 63): boolean {
    return given.length <= longest && label.test(given);
}

/** RFC 1123, as a Gateway wants it: lower case, no wildcard, and no IP address. */
export function isHostname(given: string): boolean {
    const labels = given.split(".");
    return given.length <= 253 && labels.every(part => isDnsLabel(part)) && !/^\d+$/.test(labels[labels.length - 1]);
}

// The grammar of docker/distribution: [host[:port]/]path[:tag][@digest].
const domain = "(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::\\d+)?)";
const component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const imageName = `(?:${domain}/)?${component}(?:/${component})*`;
const pinnedImage = new RegExp(`^${imageName}(?::[\\w][\\w.-]{0,127}(?:@sha256:[a-f0-9]{64})?|@sha256:[a-f0-9]{64})$`);
const registryName = new RegExp(`^(?=[^/]*[.:]|localhost(?:/|$))${domain}(?:/${component})*$`);

export function dnsLabel(longest = 63) {
    return text(
        `1 to ${longest} lower-case letters, digits and "-", beginning and ending with a letter or digit`,
        given => isDnsLabel(given, longest),
    );
}

/** The name of an object such as a StorageClass. */
export function objectName() {
    return text(
        "a name of a Kubernetes object: lower-case letters, digits, \"-\" and \".\"",
        given => given.length <= 253 && given.split(".").every(part => isDnsLabel(part, 253)),
    );
}

export function hostname() {
    return text("a host name in lower case, without scheme, port, path or wildcard; not an IP address", isHostname);
}

export function image() {
    return text("an image reference with a tag or a digest", given => pinnedImage.test(given));
}

/** A day that has come; tomorrow may have, elsewhere. */
export function day() {
    return z.string().refine(given => {
        const time = /^\d{4}-\d{2}-\d{2}$/.test(given) ? Date.parse(`${given}T00:00:00Z`) : NaN;
        const exists = !Number.isNaN(time) && new Date(time).toISOString().startsWith(given);
        return exists && time <= Date.now() + 24 * 60 * 60 * 1000;
    }).meta({ allowed: "a date \"YYYY-MM-DD\", in quotes, that is not in the future" });
}

export function registry() {
    return text(
        "a registry's host and, mostly, a path in it; no scheme, no tag",
        given => registryName.test(given),
    );
}

export function line(longest: number) {
    return text(`text on one line, 1 to ${longest} characters`, given => {
        return given.trim() !== "" && given.length <= longest && !/[\r\n]/.test(given);
    });
}

export function matching(allowed: string, pattern: RegExp) {
    return text(allowed, given => pattern.test(given));
}

/** An IPv4 network whose prefix length lies between the two. */
export function network(widest: number, narrowest: number) {
    const fits = (given: Ipv4Network | undefined) =>
        given !== undefined && given.prefix >= widest && given.prefix <= narrowest;
    return text(
        `an IPv4 network ADDRESS/LENGTH, LENGTH from ${widest} to ${narrowest}, no bit of the address set beyond it`,
        given => fits(parseNetwork(given)),
    );
}

/** The path made absolute: `~/` is the home directory, other relative paths begin beside Pulumi.yaml. */
export function absolutePath(given: string): string {
    return path.resolve(__dirname, "../..", given.replace(/^~(?=$|[\\/])/, () => os.homedir()));
}

/** A path on this computer, as it was given: absolute, it would make the state differ between computers. */
export function portablePath(what: string) {
    return text(`${what}: absolute, beginning with ~/, or relative to the directory of Pulumi.yaml`, given => {
        return given.trim() !== "" && !given.includes("\0");
    });
}

/** A path on this computer, made absolute. */
export function localPath(what: string) {
    return portablePath(what).transform(absolutePath);
}

/** A Kubernetes quantity above zero; a number in YAML is as good as text. */
export function quantity(kind: "cpu" | "bytes", least?: string, most?: string) {
    const such = kind === "cpu" ? "500m, 0.5 or 2" : "512Mi, 4Gi or 1.5Gi";
    const bounds = most ? `from ${least} to ${most}` : least ? `of at least ${least}` : "above 0";
    const allowed = most ? `a Kubernetes quantity ${bounds}` : `a Kubernetes quantity ${bounds}, such as ${such}`;
    return z.union([z.string(), z.number()]).transform(String).refine(given => {
        const amount = parseQuantity(given);
        return amount !== undefined && amount > 0n && (least === undefined || amount >= value(least))
            && (most === undefined || amount <= value(most));
    }).meta({ allowed });
}

export function whole(least: number, most: number) {
    return z.int().min(least).max(most).meta({ allowed: `a whole number from ${least} to ${most}` });
}

export function port(least = 1, most = 65535) {
    return whole(least, most);
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
        description, example: name, change: "replaces the cluster and everything in it; data does not move along",
    });
}

/** What the nodes' processors are, for the images that the program builds. */
export function platform() {
    return choice("linux/amd64", "linux/arm64").optional().meta({
        description: "Processors of the nodes, if they are others than this computer's, as a Mac's often are: images that "
            + "the program builds are built for them.",
        example: "linux/amd64", defaultText: "this computer's",
    });
}

/** A list of what `entry` takes; `what` names the entries, in the plural. */
export function listOf<T extends z.ZodType>(what: string, entry: T, least = 0) {
    const allowed = least > 0 ? `a list of ${what}, at least ${least}` : `a list of ${what}`;
    return z.array(entry).min(least).meta({ allowed });
}

/**
 * Whether JavaScript and Pulumi's SDK take a key for a name like any other. The SDK can't register an object that has a
 * `toString` of its own, takes one with `then` for a promise, and one with the last of these for a secret or an asset.
 */
export function isPlainKey(key: string): boolean {
    const meaningful = [
        ...Object.getOwnPropertyNames(Object.prototype), "then", "toJSON", "prototype", "4dabf18193072939515e22adb298388d",
    ];
    return !meaningful.includes(key) && !key.startsWith("__");
}

/** What `value` takes, under names that the person gives; `entry` is the name in examples. */
export function byName<T extends z.ZodType>(names: string, pattern: RegExp, entry: string, value: T) {
    return z.record(z.string().regex(pattern).refine(isPlainKey), value).meta({ names, entry });
}
