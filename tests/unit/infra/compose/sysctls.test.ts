import { describe, expect, it } from "vitest";
import { composeDirectory } from "../../support/compose";

const { told } = composeDirectory();

const withSysctls = (sysctls: string) => told(`services:\n  web:\n    image: a/b:1\n    ports: ["80"]\n    sysctls: ${sysctls}\n`);

describe("kernel parameters of a Compose file", () => {
    it.each(["net.core.somaxconn", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_syncookies", "net.ipv4.ip_local_port_range", "net.core.rmem_max"])("are left out if they only tune, as %s, which is told", name => {
        for (const text of [`{ ${name}: 1024 }`, `["${name}=1024"]`]) {
            const { refused, warned } = withSysctls(text);
            expect(refused, text).toEqual([]);
            expect(warned.filter(line => line.includes("sysctls"))).toEqual([expect.stringMatching(new RegExp(`^compose\\.yaml:5: services\\.web\\.sysctls ${name} is left out: it only tunes the network`))]);
        }
    });

    it("aren't needed to listen below port 1024", () => {
        expect(withSysctls("{ net.ipv4.ip_unprivileged_port_start: 0 }")).toEqual({ refused: [], warned: [expect.stringContaining("a pod may listen at its port anyway")] });
    });

    it.each(["net.ipv4.ip_forward", "net.ipv6.conf.all.disable_ipv6", "kernel.shmmax", "kernel.sem", "fs.mqueue.msg_max", "net.ipv4.conf.all.src_valid_mark", "net.ipv4.tcp"])("are refused if the program may not work without them: %s", name => {
        for (const text of [`{ ${name}: 1 }`, `["${name}=1"]`]) {
            expect(withSysctls(text).refused, text).toEqual([expect.stringMatching(new RegExp(`^compose\\.yaml:5: services\\.web\\.sysctls ${name} can't be carried over`))]);
        }
    });
});
