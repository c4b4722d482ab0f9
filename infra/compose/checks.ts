import { uncarried } from "./keys";
import { flagOf, listOf, type Node, objectOf, textOf } from "./node";
import type { Report } from "./report";
import { serviceShape, suggestion } from "./shape";
import { checkSysctls } from "./sysctls";

/** Capabilities that Docker gives to root and to no other user. */
const roots = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "SETFCAP", "NET_BIND_SERVICE", "SYS_CHROOT", "MKNOD", "AUDIT_WRITE"];

/** Reports which keys of a service can't be carried over, and which are left out. */
export function checkKeys(name: string, entries: { [key: string]: Node }, isJob: boolean, report: Report): void {
    if (!/^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/.test(name)) {
        report.refuse(Object.values(entries)[0] ?? { file: "", line: 0 }, `services.${name} can't be a name in Kubernetes' DNS: use lower-case letters, digits and "-", `
            + "at most 30, here and wherever others connect to it.");
    }
    for (const [key, node] of Object.entries(entries)) {
        const at = `services.${name}.${key}`;
        const found = Object.hasOwn(uncarried, key) ? uncarried[key] : undefined;
        if (Object.hasOwn(serviceShape, key) || key.startsWith("x-") || saysNothing(node)) continue;
        if (found === undefined) report.refuse(node, `${at} is no key of the Compose specification. ${suggestion(key, [...Object.keys(serviceShape), ...Object.keys(uncarried)])}`);
        else if (found.refused) report.refuse(node, `${at} can't be carried over: ${found.reason}.`);
        else report.warn(node, `${at} is left out: ${found.reason}.`);
    }
    if (flagOf(entries.privileged)) {
        report.refuse(entries.privileged, `services.${name}.privileged can't be carried over: the Pod Security Standard \`restricted\` forbids it. Leave it out.`);
    }
    const mode = textOf(entries.network_mode);
    if (mode && mode !== "bridge" && mode !== "none") {
        report.refuse(entries.network_mode, `services.${name}.network_mode ${mode} can't be carried over: a pod has a network of its own. Use ports, and names of services.`);
    }
    checkSysctls(name, entries.sysctls, report);
    for (const option of listOf(entries.security_opt) ?? []) {
        if (!/^(no-new-privileges([:=]true)?|seccomp[:=]default)$/.test(textOf(option) ?? "")) {
            report.refuse(option, `services.${name}.security_opt ${textOf(option)} can't be carried over: every pod has seccomp's default profile and no privileges. Leave it out.`);
        }
    }
    for (const capability of listOf(entries.cap_add) ?? []) {
        const one = (textOf(capability) ?? "").toUpperCase().replace(/^CAP_/, "");
        const at = `services.${name}.cap_add ${one}`;
        if (roots.includes(one)) report.warn(capability, `${at} is left out: only root can use it, and no container runs as root. Listening below port 1024 works without it.`);
        else report.refuse(capability, `${at} can't be carried over: the Pod Security Standard \`restricted\` forbids it. Leave it out if the program works without it.`);
    }
    for (const [network, node] of Object.entries(objectOf(entries.networks) ?? {})) {
        const settings = objectOf(node);
        const fixed = ["ipv4_address", "ipv6_address", "mac_address"].find(key => settings?.[key]);
        if (fixed) report.warn(settings![fixed], `services.${name}.networks.${network}.${fixed} is left out: the cluster's network assigns addresses. Others find it under its name.`);
    }
    const restart = textOf(entries.restart);
    if (restart && !isJob && !["always", "unless-stopped"].includes(restart)) {
        report.warn(entries.restart, `services.${name}.restart ${restart} is left out: Kubernetes restarts a container that ends. If ${name} ends when its work is done, `
            + `set landfall:app.services.${name}.job: true. What runs on a schedule is a task of a service: landfall:app.services.<name>.tasks.`);
    }
    for (const key of isJob ? ["ports", "expose", "healthcheck"].filter(each => entries[each] && !saysNothing(entries[each])) : []) {
        report.warn(entries[key], `services.${name}.${key} is left out: ${name} ends when its work is done.`);
    }
    const signal = textOf(entries.stop_signal);
    if (signal !== undefined && !/^(SIG)?TERM$/i.test(signal)) {
        report.warn(entries.stop_signal, `services.${name}.stop_signal ${signal} is left out: write STOPSIGNAL ${signal} into the Dockerfile.`);
    }
}

/** An empty value, such as that of a variable that isn't set, is none. */
function saysNothing({ value }: Node): boolean {
    return value === null || value === "" || value === false || (typeof value === "object" && Object.keys(value).length === 0);
}
