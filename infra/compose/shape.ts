import { flagOf, listOf, type Node, objectOf } from "./node";
import type { Report } from "./report";

/**
 * The form of a value: alternatives of `text`, `flag`, `list`, `map` and `any`; what its entries are, if it is a list or a mapping of names;
 * the keys, if it is a mapping of these only. Null stands for nothing everywhere.
 */
interface Shape {
    forms: string;
    items?: Shape;
    keys?: Record<string, Shape>;
}

const text: Shape = { forms: "text" };
const flag: Shape = { forms: "flag" };
const any: Shape = { forms: "any" };
const texts: Shape = { forms: "list", items: text };
const textOrTexts: Shape = { forms: "text or list", items: text };
/** `NAME=value` as list, or a mapping. */
const pairs: Shape = { forms: "list or map", items: text };

const keysOf = (shape: Shape, names: string): Record<string, Shape> => Object.fromEntries(names.split(" ").map(name => [name, shape]));
const map = (keys: Record<string, Shape>): Shape => ({ forms: "map", keys });
/** A list whose entries have a short and a long syntax. */
const entries = (keys: Record<string, Shape>): Shape => ({ forms: "list", items: { forms: "text or map", keys } });

const file = keysOf(text, "source target uid gid mode");
const amounts = keysOf(text, "cpus memory pids");

/** Keys of a service that are read. */
export const serviceShape: Record<string, Shape> = {
    ...keysOf(text, "image user working_dir stop_signal stop_grace_period cpus mem_limit mem_reservation scale network_mode restart container_name"),
    ...keysOf(flag, "privileged read_only"),
    ...keysOf(texts, "expose links cap_drop cap_add security_opt profiles"),
    ...keysOf(textOrTexts, "command entrypoint tmpfs"),
    environment: pairs, sysctls: pairs,
    build: {
        forms: "text or map",
        keys: {
            ...keysOf(text, "context dockerfile dockerfile_inline target"), args: pairs,
            ...keysOf(any, "additional_contexts cache_from cache_to entitlements extra_hosts isolation labels network no_cache no_cache_filter platforms privileged provenance pull sbom "
                + "secrets shm_size ssh tags ulimits"),
        },
    },
    env_file: { forms: "text or list or map", keys: keysOf(text, "path required format"), items: { forms: "text or map", keys: { ...keysOf(text, "path format"), required: flag } } },
    ports: entries(keysOf(text, "target published protocol host_ip mode name app_protocol")),
    volumes: entries({ ...keysOf(text, "type source target consistency"), read_only: flag, ...keysOf(any, "bind volume tmpfs image") }),
    secrets: entries(file), configs: entries(file),
    depends_on: { forms: "list or map", items: { forms: "text or map", keys: { condition: text, ...keysOf(flag, "restart required") } } },
    networks: { forms: "list or map", items: { forms: "text or map", keys: { aliases: texts, ...keysOf(any, "driver_opts gw_priority interface_name ipv4_address ipv6_address link_local_ips mac_address priority") } } },
    healthcheck: map({ test: textOrTexts, disable: flag, ...keysOf(text, "interval timeout retries start_period start_interval") }),
    extends: { forms: "text or map", keys: keysOf(text, "service file") },
    deploy: map({
        ...keysOf(text, "mode endpoint_mode replicas"), ...keysOf(any, "labels update_config rollback_config restart_policy placement"),
        resources: map({ limits: map(amounts), reservations: map({ ...amounts, ...keysOf(any, "devices generic_resources") }) }),
    }),
};

const driver: Record<string, Shape> = { ...keysOf(text, "name driver"), external: any, ...keysOf(any, "labels driver_opts template_driver") };

/** Keys at the top of a file. */
const fileShape: Shape = map({
    ...keysOf(text, "version name"), ...keysOf(any, "include models"),
    services: { forms: "map", items: any },
    networks: { forms: "map", items: any },
    volumes: { forms: "map", items: map(driver) },
    secrets: { forms: "map", items: map({ ...driver, ...keysOf(text, "file environment") }) },
    configs: { forms: "map", items: map({ ...driver, ...keysOf(text, "file environment content") }) },
});

/** Says what in a file isn't as the specification has it. */
export function checkShapes(root: Node, report: Report): void {
    check("", root, fileShape, report);
    for (const [name, service] of Object.entries(objectOf(objectOf(root)?.services) ?? {})) {
        for (const [key, node] of Object.entries(objectOf(service) ?? {})) {
            if (Object.hasOwn(serviceShape, key)) check(`services.${name}.${key}`, node, serviceShape[key], report);
        }
    }
}

const names: Record<string, string> = { text: "a text or number", flag: "true or false", list: "a list", map: "a mapping" };

function check(key: string, node: Node, { forms, items, keys }: Shape, report: Report): void {
    if (node.value === null || node.tag === "reset" || forms === "any") return;
    const [list, entries] = [listOf(node), objectOf(node)];
    const form = list ? "list" : entries ? "map" : forms.includes("flag") && flagOf(node) !== undefined ? "flag" : "text";
    if (!forms.includes(form)) {
        report.wrong(node, key, forms.split(" or ").map(each => names[each]).join(" or "));
        return;
    }
    for (const item of list ?? []) check(key, item, items ?? any, report);
    for (const [name, value] of Object.entries(entries ?? {}).filter(([each]) => !each.startsWith("x-"))) {
        const below = key === "" ? name : `${key}.${name}`;
        if (keys === undefined) check(below, value, items ?? any, report);
        else if (Object.hasOwn(keys, name)) check(below, value, keys[name], report);
        else report.refuse(value, `${below} is no key of the Compose specification. ${suggestion(name, Object.keys(keys))}`);
    }
}

/** A typing error is the usual reason. */
export function suggestion(name: string, known: string[]): string {
    const near = known.find(each => each.replaceAll("_", "") === name.toLowerCase().replace(/[-_]/g, "") || isOneOff(each, name));
    return near === undefined ? "Leave it out, or begin it with x-" : `Is it ${near}?`;
}

/** One letter more, less, other, or two that changed places. */
function isOneOff(one: string, other: string): boolean {
    const start = [...one].findIndex((letter, index) => letter !== other[index]);
    const at = start < 0 ? one.length : start;
    const [restOfOne, restOfOther] = [one.slice(at), other.slice(at)];
    return [[1, 0], [0, 1], [1, 1]].some(([less, more]) => restOfOne.slice(less) === restOfOther.slice(more))
        || (restOfOne[0] === restOfOther[1] && restOfOne[1] === restOfOther[0] && restOfOne.slice(2) === restOfOther.slice(2));
}
