import { type Node, objectOf } from "./node";
import type { Report } from "./report";

/** What makes a network faster or slower, but not another one. */
const tuning = /^net\.(core|unix|ipv4\.(tcp|udp)_[^.]*|ipv4\.ip_local_(port_range|reserved_ports))(\.|$)/;

/**
 * Kernel parameters of a service. `restricted` would admit some of those that only tune, but not the usual one, net.core.somaxconn,
 * for which all nodes' kubelets would have to be set up.
 */
export function checkSysctls(name: string, sysctls: Node | undefined, report: Report): void {
    for (const [parameter, node] of Object.entries(objectOf(sysctls) ?? {})) {
        const key = `services.${name}.sysctls ${parameter}`;
        if (parameter === "net.ipv4.ip_unprivileged_port_start") report.warn(node, `${key} is left out: a pod may listen at its port anyway, below 1024 too.`);
        else if (tuning.test(parameter)) {
            report.warn(node, `${key} is left out: it only tunes the network, and pods have the kernel's defaults, such as 4096 for net.core.somaxconn.`);
        } else report.refuse(node, `${key} can't be carried over: pods have the kernel's defaults, and \`restricted\` allows few others. Leave it out if the program works without it.`);
    }
}
