import { conceal, type Value } from "./values";

const shortest = 4;

/** Takes the secrets that the engine has seen out of what it says. */
export class Redactor {
    private readonly secrets = new Set<string>();

    /** Remembers every secret string in the value; of a text of several lines, each long line too. */
    learn(value: Value): void {
        // Placeholders are asked for exactly the strings of secrets; what comes back is of no use.
        conceal(value, (_, text) => {
            this.add(text.trim());
            for (const line of text.split("\n")) if (line.trim().length >= 20) this.add(line.trim());
            return "";
        });
    }

    clean(text: string): string {
        let cleaned = text;
        for (const secret of this.secrets) cleaned = cleaned.replaceAll(secret, "[secret]");
        return cleaned;
    }

    private add(secret: string): void {
        if (secret.length < shortest) return;
        this.secrets.add(secret);
        this.secrets.add(Buffer.from(secret).toString("base64"));
    }
}
