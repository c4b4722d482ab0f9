/** Programs that are built from a Go module. */
export interface GoComponent {
    name: string;
    module: string;
    version: string;
    /** Program → package. */
    programs: Record<string, string>;
    /** Variables that are set at link time. */
    values?: Record<string, string>;
    /** Modules whose requirements are added to the component's own. Go compiles the libraries once for components with the same ones. */
    beside?: Record<string, string>;
    /** Version of the modules in neighbouring directories of the module's repository. */
    staging?: string;
    /** Our main program, which replaces the module's. */
    main?: string;
    /** Directory with a folder for each of our main programs, which may use the module's internal packages. */
    sources?: string;
    /** Program of `sources` → files of the module that it embeds. */
    embeds?: Record<string, string[]>;
    /** A file of another module that is built in a changed form: each pattern, in multi-line mode, with what replaces it. */
    rewrites?: { module: string; file: string; changes: [pattern: string, replacement: string][] };
    /** The module's hash, if Go's checksum database doesn't have it. */
    sum?: string;
}

/** A container image: files put on a base, under the name that the platform or kubeadm pins. */
export interface ImageComponent {
    image: string;
    /** `debian` for programs that need a C library or more of Debian. @default `scratch` */
    base?: "debian";
    /** Debian packages: installed in a `debian` image, otherwise only unpacked for `debianFiles`. */
    packages?: string[];
    /** Path in the image → path in Debian's packages. */
    debianFiles?: Record<string, string>;
    /** Path in the image → program of a Go component, or of a wheel. */
    files?: Record<string, string>;
    /** A command that finishes the image. */
    run?: string[];
    entrypoint?: string[];
    cmd?: string[];
}

/** A program in a wheel on PyPI. */
export interface WheelComponent {
    program: string;
    wheel: string;
    version: string;
    /** Path of the program in the wheel. */
    file: string;
}
