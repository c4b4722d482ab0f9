// What the fake programs of this directory share: a file that says what there is, and a record of their calls.
const fs = require("node:fs");
const path = require("node:path");

const directory = process.env.FAKES;
const file = path.join(directory, "state.json");

/** The state: `nodes` (containers), `profiles` (minikube's), `images`, and how the fakes are to `behave`. */
function load() {
    return JSON.parse(fs.readFileSync(file, "utf8"));
}

function save(state) {
    fs.writeFileSync(file, JSON.stringify(state, undefined, 2));
}

/** Writes down the call, whose arguments tests look at. */
function record(program, args) {
    const kubeconfig = process.env.KUBECONFIG;
    const passphrase = process.env.PULUMI_CONFIG_PASSPHRASE;
    const call = JSON.stringify({ program, args, kubeconfig, passphrase });
    fs.appendFileSync(path.join(directory, "calls.jsonl"), `${call}\n`);
}

function end(code, stderr = "") {
    process.stderr.write(stderr);
    process.exit(code);
}

/** The value that follows an option. */
function option(args, name) {
    const index = args.indexOf(name);
    return index < 0 ? undefined : args[index + 1];
}

module.exports = { load, save, record, end, option };
