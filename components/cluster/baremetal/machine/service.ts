// @ts-nocheck
// Programs that systemd runs on a machine: for as long as the machine does, or from time to time.
import { task, writeFile } from "./script";

/** Keeps `program`, a script at the path `file`, running as a service of systemd; `title` says what for. */
export function serviceTask(title, { name, description, file, program }) {
    return task(title,
        `changed=`,
        writeFile(file, program, { mode: "0755" }),
        writeFile(`/etc/systemd/system/${name}.service`, `[Unit]
Description=${description}
After=network-online.target

[Service]
ExecStart=${file}
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target`),
        `systemctl daemon-reload`,
        `systemctl enable --quiet ${name}`,
        `if [ -n "$changed" ]; then systemctl restart ${name}; else systemctl start ${name}; fi`);
}

/** Has `program`, a script at the path `file`, run by a timer of systemd, one task at a time; `when` is the timer's lines. */
export function timerTask(title, { name, description, file, program, when }, ...before) {
    return task(title,
        ...before,
        `changed=`,
        writeFile(file, program, { mode: "0755" }),
        writeFile(`/etc/systemd/system/${name}.service`, `[Unit]
Description=${description}

[Service]
Type=oneshot
# What hangs, such as a file system that isn't there, must not keep others from the machine.
TimeoutStartSec=30min
ExecStart=/usr/bin/flock --wait 3600 /run/landfall.lock ${file}`),
        writeFile(`/etc/systemd/system/${name}.timer`, `[Unit]
Description=${description}, from time to time

[Timer]
${when.join("\n")}
Persistent=true

[Install]
WantedBy=timers.target`),
        `systemctl daemon-reload`,
        `systemctl enable --quiet ${name}.timer`,
        `if [ -n "$changed" ]; then systemctl restart ${name}.timer; else systemctl start ${name}.timer; fi`);
}

/** What takes such a timer off a machine. */
export function removeTimer({ name, file }) {
    return [
        `systemctl disable --quiet --now ${name}.timer 2>/dev/null || true`,
        `rm -f /etc/systemd/system/${name}.{service,timer} /var/lib/systemd/timers/stamp-${name}.timer ${file}`,
    ];
}
