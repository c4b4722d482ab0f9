import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { PlatformGateway } from "../components/platform";
import { type Transform, transformedBy } from "../components/transform";
import { ContainerImage, Database, databaseImageContext, Environment, Outside, ScheduledTask, WebService } from "../components/workload";
import type { Settings, WordPressSettings } from "./config";
import { Limits, limitsOf } from "./limits";
import { promotedImage } from "./promotion";

export interface WordPressArgs {
    settings: Pick<Settings, "adminPassword" | "mailPassword" | "environment" | "promotion"> & { app: WordPressSettings };
    environment: Environment;
    gateway: PlatformGateway;
    /** Changes each resource's arguments last, for anything that isn't modelled here. */
    transform?: Transform;
}

/** User and group of Apache in infra/images/web. */
const uid = 10001;
const saltsDirectory = "/etc/landfall/salts";
const credentialsDirectory = "/etc/landfall/credentials";

/** The example application: WordPress on Apache with PHP, and MariaDB. */
export class WordPress extends pulumi.ComponentResource {
    /** Where people find it, for example `https://wordpress.localhost:8443`. */
    readonly address: pulumi.Output<string>;
    readonly adminUser: string;
    /** Secret: the configured one, else generated. */
    readonly adminPassword: pulumi.Output<string>;
    /** References of the images that it runs. */
    readonly images: pulumi.Output<string[]>;

    constructor(name: string, args: WordPressArgs, opts?: pulumi.ComponentResourceOptions) {
        super("landfall:app:WordPress", name, {}, transformedBy(args.transform, opts));
        const { environment, gateway } = args;
        const { app, mailPassword } = args.settings;
        const { host, aliases, redirects } = args.settings.environment;
        const limits = limitsOf(app);
        this.adminUser = app.admin.user;
        this.adminPassword = args.settings.adminPassword ?? createPassword("admin-password", 24, this);
        const address = `https://${host}${gateway.portSuffix}`;

        const image = (part: string, context: string, given?: string): pulumi.Input<string> => promotedImage(part, args.settings.promotion, environment.cluster, this) ?? given
            ?? new ContainerImage(part, {
                cluster: environment.cluster, context, owner: environment.imageOwner, ...app.images,
            }, { parent: this }).reference;
        const databaseImage = image("database", databaseImageContext, app.database.image);
        const webImage = image("web", "infra/images/web", app.web.image);

        const database = new Database("database", {
            ...app.database, environment, image: databaseImage, database: "wordpress",
            largestText: limits.web.bodies.editor, requestSeconds: app.web.requestSeconds,
        }, { parent: this });

        const site = {
            WORDPRESS_URL: address,
            WORDPRESS_SALTS_DIR: saltsDirectory,
            WORDPRESS_DB_HOST: database.host,
            WORDPRESS_DB_NAME: database.database,
            WORDPRESS_DB_USER: database.user,
            WORDPRESS_DB_PASSWORD_FILE: `${credentialsDirectory}/database-password`,
            WORDPRESS_DB_CA_FILE: `${credentialsDirectory}/database-ca.crt`,
            ...outsideEnvironment(app, mailPassword !== undefined),
        };
        const salts = createSalts(this);
        const credentials = {
            "database-password": database.password,
            "database-ca.crt": database.authority,
            ...(mailPassword !== undefined && { "smtp-password": mailPassword }),
        };
        const reaches = outsideOf(app);

        const web = new WebService("web", {
            ...app.web,
            environment,
            uid,
            image: webImage,
            port: 8080,
            env: {
                ...webEnvironment(limits, gateway.seesClients),
                ...site,
                WORDPRESS_TITLE: app.title,
                WORDPRESS_ADMIN_USER: app.admin.user,
                WORDPRESS_ADMIN_EMAIL: app.admin.email,
                WORDPRESS_ADMIN_PASSWORD_FILE: `${credentialsDirectory}/admin-password`,
            },
            secretFiles: {
                [saltsDirectory]: salts,
                [credentialsDirectory]: { ...credentials, "admin-password": this.adminPassword },
            },
            ephemeral: { "/tmp": `${limits.web.scratch}Mi` },
            largestTransfer: limits.web.bodies.upload,
            volumes: { "/var/www/html/wp-content/uploads": { name: "uploads", ...app.web.uploads } },
            before: { "install-site": ["install-site"] },
            probes: {
                startup: { httpGet: { path: "/healthz", port: "main" }, periodSeconds: 1, failureThreshold: 60 },
                // Checks Apache and PHP only: if the shared database fails, the replicas must stay in service.
                readiness: {
                    httpGet: { path: "/readyz", port: "main" },
                    periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 3,
                },
                // A busy pod answers late. Restarting it would make that worse.
                liveness: {
                    httpGet: { path: "/healthz", port: "main" },
                    periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 6,
                },
            },
            exposed: { gateway, host, aliases, redirects },
            talksTo: [database],
            reaches,
        }, { parent: this });

        const tasks = new ScheduledTask("scheduled-tasks", {
            ...limits.tasks,
            environment,
            uid,
            image: webImage,
            command: ["run-tasks"],
            schedule: everyMinutes(app.tasks.everyMinutes),
            deadlineSeconds: limits.tasks.seconds,
            env: { ...site, WEB_POOL: "tasks", WEB_MEMORY: `${limits.tasks.phpMemory}M` },
            secretFiles: { [saltsDirectory]: salts, [credentialsDirectory]: credentials },
            ephemeral: { "/tmp": `${limits.tasks.scratch}Mi` },
            persistent: web.claims,
            // Its pods install the site, and update the tables for another version.
            after: [web.deployment],
            beside: { workload: web, always: app.web.uploads.accessMode === "ReadWriteOnce" },
            talksTo: [database],
            waitsFor: [], // the program waits itself
            reaches,
        }, { parent: this });

        // Pods that an update replaces may finish their requests.
        database.requireTlsAfter([web.deployment, tasks.cronJob], limits.time.drain + 60, this);

        this.address = pulumi.output(address);
        this.images = pulumi.all([webImage, databaseImage]);
        this.registerOutputs({ address: this.address });
    }

    /** What people need to know about it. */
    get outputs() {
        const { address, adminUser, adminPassword, images } = this;
        return { address, adminUser, adminPassword, images };
    }
}

/** What the site knows about the outside: its mail relay, and the hosts that it may call. */
function outsideEnvironment({ mail, egress }: WordPressSettings, password: boolean): Record<string, string> {
    const hosts = [...new Set(Object.values(egress).flatMap(entry => entry.hosts))];
    return {
        ...(hosts.length > 0 && { WORDPRESS_ACCESSIBLE_HOSTS: hosts.join(",") }),
        ...(mail && {
            WORDPRESS_SMTP_HOST: mail.host,
            WORDPRESS_SMTP_PORT: String(mail.port),
            WORDPRESS_SMTP_TLS: mail.tls,
            WORDPRESS_MAIL_FROM: mail.from,
            ...(mail.user !== undefined && { WORDPRESS_SMTP_USER: mail.user }),
            ...(password && { WORDPRESS_SMTP_PASSWORD_FILE: `${credentialsDirectory}/smtp-password` }),
        }),
    };
}

/** Places outside the cluster for network policies, which don't match names. */
export function outsideOf({ mail, egress }: Pick<WordPressSettings, "mail" | "egress">): Outside[] {
    const places = Object.entries({
        ...Object.fromEntries(Object.entries(egress).map(([name, entry]) => [`egress-${name}`, entry])),
        ...(mail && { "mail-relay": { ...mail, hosts: [mail.host] } }),
    });
    return places.map(([name, { hosts, port, networks }]) => ({ name, port, networks: networks ?? networksOf(hosts) }));
}

/** An address is itself. A name may lead elsewhere tomorrow, so it means any public address. */
function networksOf(hosts: string[]): string[] {
    return [...new Set(hosts.map(host => /^[\d.]+$/.test(host) ? `${host}/32` : "public"))];
}

/** A schedule of cron; the minutes divide an hour. */
function everyMinutes(minutes: number): string {
    return `${minutes === 1 ? "*" : minutes === 60 ? "0" : `*/${minutes}`} * * * *`;
}

/** The limits as infra/images/web reads them. */
function webEnvironment({ web, time, slowestRate }: Limits, seesClients: boolean): Record<string, string> {
    const numbers = {
        WEB_THREADS: web.threads,
        WEB_PAGES_WORKERS: web.pages.count,
        WEB_PAGES_MEMORY: web.pages.memory,
        WEB_EDITORS_WORKERS: web.editors.count,
        WEB_EDITORS_MEMORY: web.editors.memory,
        WEB_UPLOADS_WORKERS: web.uploads.count,
        WEB_UPLOADS_MEMORY: web.uploads.memory,
        WEB_OPCACHE_MEMORY: web.opcache,
        WEB_IMAGE_PIXELS: web.imagePixels,
        // If all clients seem to have one address, it may use all threads.
        WEB_CLIENT_REQUESTS: seesClients ? web.clientRequests : web.threads,
        WEB_PAGES_QUEUE: web.pages.queue,
        WEB_BODIES_QUEUE: web.visitorBodies,
        WEB_EDITORS_QUEUE: web.editors.queue,
        WEB_UPLOADS_QUEUE: web.uploads.queue,
        WEB_UPLOAD_FILE: web.file,
        WEB_BODY_ANONYMOUS: web.bodies.visitor,
        WEB_BODY_EDITOR: web.bodies.editor,
        WEB_BODY_UPLOAD: web.bodies.upload,
        WEB_REQUEST_SECONDS: time.request,
        WEB_SLOWEST_RATE: slowestRate,
        WEB_DATABASE_SECONDS: time.databaseAnswer,
        WEB_ANSWER_SECONDS: time.answer,
        WEB_DRAIN_SECONDS: time.drain,
    };
    return {
        ...Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(value)])),
        WORDPRESS_SEES_CLIENTS: seesClients ? "yes" : "no",
    };
}

function createPassword(name: string, length: number, parent: pulumi.Resource): pulumi.Output<string> {
    return new random.RandomPassword(name, { length, special: false }, { parent }).result;
}

/** WordPress's keys and salts. New ones would log everyone out, so they are generated once. */
function createSalts(parent: pulumi.Resource): Record<string, pulumi.Output<string>> {
    const names = ["auth", "secure_auth", "logged_in", "nonce"].flatMap(use => [`${use}_key`, `${use}_salt`]);
    return Object.fromEntries(names.map(name =>
        [name, createPassword(`salt-${name.replace(/_/g, "-")}`, 64, parent)]));
}
