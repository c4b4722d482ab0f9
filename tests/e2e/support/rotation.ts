import { expect, it } from "vitest";
import type { Result } from "./engine";
import { etcdctl, Machine, Machines } from "./machines";
import { figure } from "./stack";
import { timed, until } from "./wait";

/** A server that runs, and how its settings are changed. */
export interface Server {
    machines: Machines;
    machine: Machine;
    /** Applies the stack with these changes to `landfall:cluster`, and all earlier ones. */
    apply: (changes: object) => Promise<Result>;
    /** All that the program has said and remembered. */
    said: () => string;
}

const rotate = { certificates: "2026-11", encryptionKey: "2026-11" };

/** A changed setting renews a server's certificates and its encryption key. */
export function rotatesItsSecrets(server: () => Server): void {
    const sh = (command: string) => server().machines.exec(server().machine, "bash", "-c", command);
    const served = (port: number) => until(`a certificate on port ${port}`, () =>
        sh(`openssl s_client -connect 127.0.0.1:${port} </dev/null 2>/dev/null | openssl x509 -noout -serial`));
    const secrets = async () => Number(await sh(`${etcdctl} get /registry/secrets/ --prefix --keys-only | grep -c ^/registry`));
    const encryptedWith = async (key: string) =>
        Number(await sh(`${etcdctl} get /registry/secrets/ --prefix | grep -a -o '^k8s:enc:secretbox:v1:${key}:' | wc -l`));

    it("rotates its certificates and its encryption key, once", async () => {
        const before = await Promise.all([served(6443), served(2379)]);
        let changes: Partial<Result["changes"]> = {};
        figure("rotation of certificates and encryption key of a server", `${await timed(async () => {
            ({ changes } = await server().apply({ rotate }));
        })} s`);
        expect(changes).toMatchObject({ create: 2, replace: 0, delete: 0 });

        const after = await Promise.all([served(6443), served(2379)]);
        after.forEach((serial, index) => expect(serial).not.toBe(before[index]));
        // Some come and go by themselves between the two questions.
        await until("each secret to be encrypted with the new key", async () => {
            const count = await secrets();
            expect(count).toBeGreaterThan(0);
            expect(await encryptedWith("key-2026-11")).toBe(count);
            return true;
        }, 60);

        const again = await server().apply({ rotate });
        expect({ ...again.changes, same: 0 }).toEqual({ create: 0, update: 0, replace: 0, delete: 0, same: 0 });
        expect(await Promise.all([served(6443), served(2379)])).toEqual(after);
    });

    it("keeps the key to itself", async () => {
        const file = "/etc/kubernetes/landfall/encryption.json";
        expect(await sh(`stat --format '%a %U' ${file}`)).toBe("600 root");
        const { resources: [{ providers: [{ secretbox: { keys } }] }] } = JSON.parse(await sh(`cat ${file}`)) as {
            resources: { providers: { secretbox: { keys: { name: string; secret: string }[] } }[] }[];
        };
        expect(keys.map(({ name }) => name)).toEqual(["key-2026-11"]);
        expect(server().said()).not.toContain(keys[0].secret);
    });

    it("renews its certificates by itself before they end", async () => {
        expect(await sh("systemctl is-enabled landfall-certificates.timer")).toBe("enabled");
        const before = await served(6443);
        await sh("systemctl start landfall-certificates.service");
        expect(await served(6443)).toBe(before);
        const limit = "/etc/landfall/renew-certificates";
        await sh(`sed --in-place=.bak 's/-checkend [0-9]*/-checkend 99999999/' ${limit} && systemctl start landfall-certificates.service; ` +
            `code=$?; mv ${limit}.bak ${limit}; exit $code`);
        expect(await served(6443)).not.toBe(before);
    });
}
