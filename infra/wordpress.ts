import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { Gateway } from "../components/platform";
import { ContainerImage, Database, Environment, WebService } from "../components/workload";
import { Settings } from "./config";
import { bufferPool, webWorkers } from "./sizing";

export interface WordPressArgs {
    settings: Pick<Settings, "app" | "adminPassword" | "environment">;
    environment: Environment;
    gateway: Gateway;
}

/** User and group of Apache in infra/images/web. */
const uid = 10001;
const saltsDirectory = "/etc/landfall/salts";
const credentialsDirectory = "/etc/landfall/credentials";

/** The example application: WordPress in its parts, Apache with PHP and MariaDB. */
export class WordPress extends pulumi.ComponentResource {
    /** Where people find it, for example `https://wordpress.localhost:8443`. */
    readonly address: pulumi.Output<string>;
    readonly adminUser: string;
    /** Secret: the configured one, else generated. */
    readonly adminPassword: pulumi.Output<string>;
    /** References of the images that it runs. */
    readonly images: pulumi.Output<string[]>;

    constructor(name: string, args: WordPressArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:app:WordPress", name, {}, opts);
        const { environment, gateway } = args;
        const { app } = args.settings;
        const { host } = args.settings.environment;
        this.adminUser = app.admin.user;
        this.adminPassword = args.settings.adminPassword ?? createPassword("admin-password", 24, this);
        const address = `https://${host}${gateway.portSuffix}`;

        const image = (part: "web" | "database", given?: string): pulumi.Input<string> => given
            ?? new ContainerImage(part, {
                cluster: environment.cluster, context: `infra/images/${part}`, ...app.images,
            }, { parent: this }).reference;
        const databaseImage = image("database", app.database.image);
        const webImage = image("web", app.web.image);

        const database = new Database("database", {
            ...app.database, environment, image: databaseImage, database: "wordpress",
            bufferPool: bufferPool(app.database.memory.limit),
        }, { parent: this });

        new WebService("web", {
            ...app.web,
            environment,
            uid,
            image: webImage,
            port: 8080,
            env: {
                WEB_MAX_REQUEST_WORKERS: String(webWorkers(app.web.memory.limit)),
                WORDPRESS_URL: address,
                WORDPRESS_TITLE: app.title,
                WORDPRESS_ADMIN_USER: app.admin.user,
                WORDPRESS_ADMIN_EMAIL: app.admin.email,
                WORDPRESS_ADMIN_PASSWORD_FILE: `${credentialsDirectory}/admin-password`,
                WORDPRESS_SALTS_DIR: saltsDirectory,
                WORDPRESS_DB_HOST: database.host,
                WORDPRESS_DB_NAME: database.database,
                WORDPRESS_DB_USER: database.user,
                WORDPRESS_DB_PASSWORD_FILE: `${credentialsDirectory}/database-password`,
            },
            secretFiles: {
                [saltsDirectory]: createSalts(this),
                [credentialsDirectory]: {
                    "database-password": database.password,
                    "admin-password": this.adminPassword,
                },
            },
            ephemeral: { "/tmp": "256Mi" },
            volumes: { "/var/www/html/wp-content/uploads": { name: "uploads", ...app.web.uploads } },
            before: { "install-site": ["install-site"] },
            probes: {
                startup: { httpGet: { path: "/healthz", port: "main" }, periodSeconds: 1, failureThreshold: 60 },
                readiness: {
                    httpGet: { path: "/readyz", port: "main" },
                    periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3,
                },
                // A pod with all its workers busy answers late; restarting it would make that worse.
                liveness: {
                    httpGet: { path: "/healthz", port: "main" },
                    periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 6,
                },
            },
            exposed: { gateway, host },
            talksTo: [database],
        }, { parent: this });

        this.address = pulumi.output(address);
        this.images = pulumi.all([webImage, databaseImage]);
        this.registerOutputs({ address: this.address });
    }

    /** What people need to know of it. */
    get outputs() {
        const { address, adminUser, adminPassword, images } = this;
        return { address, adminUser, adminPassword, images };
    }
}

function createPassword(name: string, length: number, parent: pulumi.Resource): pulumi.Output<string> {
    return new random.RandomPassword(name, { length, special: false }, { parent }).result;
}

/** WordPress's keys and salts; new ones would log everyone out, so they are made once. */
function createSalts(parent: pulumi.Resource): Record<string, pulumi.Output<string>> {
    const names = ["auth", "secure_auth", "logged_in", "nonce"].flatMap(use => [`${use}_key`, `${use}_salt`]);
    return Object.fromEntries(names.map(name =>
        [name, createPassword(`salt-${name.replace(/_/g, "-")}`, 64, parent)]));
}
