import * as fs from "node:fs";
import { writeWhole } from "../../../components/files";
import type { Outputs } from "../engine/engine";
import { stackFile } from "../stack/home";
import type { Terminal } from "../terminal";
import { quoted } from "../terminal/options";

/** Saves files for the user: the administrator's password, the stack's CA certificate, and the kubeconfig. */
export function keepFiles(stack: string, { adminPassword, caCertificate, kubeconfig }: Outputs): void {
    const contents = { "admin-password": adminPassword, "ca.crt": caCertificate, kubeconfig };
    for (const [name, content] of Object.entries(contents)) {
        const file = stackFile(stack, name as keyof typeof contents);
        if (content) writeWhole(file, content);
        else fs.rmSync(file, { force: true });
    }
}

/** Prints where they are. */
export function showFiles(stack: string, { adminUser, adminPassword, caCertificate }: Outputs, terminal: Terminal): void {
    if (caCertificate) {
        terminal.line(
            `Browsers warn of its certificate until they trust the authority that signed it, ${stackFile(stack, "ca.crt")}\n` +
                '(infra/guides/laptop.md, "Trust the certificate": one command on Windows, macOS and Linux)',
        );
    }
    if (adminUser && adminPassword) {
        terminal.line(`Log in at /wp-login.php as ${adminUser}; the initial password is in ${stackFile(stack, "admin-password")}`);
    }
    terminal.line(`kubectl reaches the cluster by --kubeconfig ${quoted(stackFile(stack, "kubeconfig"))}`);
}
