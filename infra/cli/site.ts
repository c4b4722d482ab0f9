import * as path from "node:path";
import { fromHome } from "../../components/files";
import { exported, exportSeed, exportSite } from "./site/export";
import { importSite } from "./site/import";
import { exportServices, importServices } from "./site/services";
import { standingStack } from "./site/stack";
import { wordPressOf } from "./stack/wordpress";
import { seconds, Terminal } from "./terminal";
import { UserError } from "./terminal/errors";
import { onInterrupt } from "./terminal/interrupt";
import { flag, parseCommand, place, stackOption, text, texts } from "./terminal/options";

const usage = `Usage: npm run site -- export DIRECTORY
       npm run site -- seed DIRECTORY
       npm run site -- import DIRECTORY
       npm run site -- import [--database FILE] [--uploads FILE|DIRECTORY]

Moves a site out of a stack, or into one: database and uploads, with the old address replaced by the stack's. A seed is an
export of what anybody can read on the site, without people's names, addresses and passwords, and without the site's secrets.
In a stack of services, export and import take the stack's database and the services' volumes as they are.

  DIRECTORY          what an export writes: ${exported.database} and ${exported.uploads}; of services,
                     the database and an archive for each volume
  --database FILE    a dump of the database by mysqldump, mariadb-dump or phpMyAdmin: SQL, with gzip or without
  --uploads PATH     WordPress only: the directory wp-content/uploads, or a tar archive of it, with gzip or without
  --from ADDRESS     WordPress only: another address that the site had, such as http://example.com; may be given several times
  --yes              replace what is there
  --stack NAME       the stack of Pulumi.NAME.yaml (default: dev)
  --kubeconfig FILE  reach the cluster by this file
  --help             this text
`;

/** The command `npm run site`. */
export async function main(argv: string[]): Promise<number> {
    const { values, positionals } = parseCommand(
        argv, { database: place, uploads: place, from: texts, stack: text, kubeconfig: place, yes: flag }, usage,
    );
    const [action, directory, ...more] = positionals.map(fromHome);
    const terminal = new Terminal();
    if (values.help || action === undefined) {
        terminal.line(usage.trimEnd());
        return values.help ? 0 : 1;
    }
    const given = values.database !== undefined || values.uploads !== undefined;
    if (more.length > 0 || !["import", "export", "seed"].includes(action) || (action !== "import" && (given || directory === undefined))
        || (action === "import" && given === (directory !== undefined))) {
        throw new UserError(`Name export, seed or import, and what to write or read.\n\n${usage}`);
    }
    const from = (values.from ?? []).map(address => addressOf(address));
    const begin = Date.now();
    const name = stackOption(values.stack);
    const stack = await standingStack(name, values.kubeconfig, terminal);
    const { app } = stack.settings;
    const signal = onInterrupt(terminal.line);
    if (app.type === "services" && action === "export") {
        await exportServices(stack, app, directory, terminal, signal);
        terminal.line(`The services' data is in ${directory} (${seconds(begin)}). Keep it private.`);
        return 0;
    }
    if (app.type === "services" && action === "import" && values.uploads === undefined && from.length === 0) {
        await importServices(stack, app, { directory, database: values.database, yes: values.yes === true }, terminal, signal);
        terminal.line(`The services of the stack "${name}" have the imported content (${seconds(begin)}).`);
        return 0;
    }
    wordPressOf(stack.settings, name, action === "import" ? `site -- import --${values.uploads === undefined ? "from" : "uploads"}` : `site -- ${action}`);
    if (action === "export") {
        await exportSite(stack, directory, terminal, signal);
        terminal.line(`The site is in ${directory} (${seconds(begin)}). Keep it private: it has e-mail addresses and passwords' hashes in it.`);
    } else if (action === "seed") {
        await exportSeed(stack, directory, terminal, signal);
        terminal.line(`The seed is in ${directory} (${seconds(begin)}). Texts and pictures are as they were published: look whether they name anybody.`);
    } else {
        const files = given ? { database: values.database, uploads: values.uploads }
            : { database: path.join(directory, exported.database), uploads: path.join(directory, exported.uploads) };
        await importSite(stack, { ...files, from, yes: values.yes === true }, terminal, signal);
        terminal.line(`The site of the stack "${name}" is the imported one (${seconds(begin)}).`);
    }
    return 0;
}

function addressOf(given: string): string {
    if (/^https?:\/\/[^/\s"'<>]+(\/[^\s"'<>]*)?$/i.test(given)) return given.replace(/\/+$/, "");
    throw new UserError(`--from ${given}: an address has a scheme and a host, for example https://www.example.com. Nothing was changed.`);
}
