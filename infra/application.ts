import * as pulumi from "@pulumi/pulumi";
import type { PlatformGateway } from "../components/platform";
import type { Environment } from "../components/workload";
import type { Settings } from "./config";
import { Services } from "./services";
import { WordPress } from "./wordpress";

/** What every application has. */
export interface Application {
    /** What people need to know about it. */
    readonly outputs: { address: pulumi.Output<string>; images: pulumi.Output<string[]>; [name: string]: unknown };
}

/** The application of the type that the settings name. */
export function createApplication(settings: Settings, place: { environment: Environment; gateway: PlatformGateway }): Application {
    const { app, ...others } = settings;
    return app.type === "services"
        ? new Services("services", { ...place, settings: { ...others, app } })
        : new WordPress("wordpress", { ...place, settings: { ...others, app } });
}
