// A real sshd on loopback, with keys, a port and a configuration of its own.

import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A running sshd, and what a client needs for it. */
export interface Sshd {
  readonly port: number;
  /** The name of the user of the keys. */
  readonly user: string;
  /** The directory of the keys and configurations. */
  readonly directory: string;
  /** Writes a configuration for the program ssh. It knows the key of the server at this port, and the key for the login. */
  configure(
    name: string,
    change?: { readonly port?: number; readonly login?: string; readonly known?: string },
  ): string;
  /** Ends the processes of all connections, as if the host had vanished. */
  cut(): void;
  stop(): Promise<void>;
}

/** Starts a server. Resolves when it accepts connections. */
export async function startSshd(): Promise<Sshd> {
  const directory = mkdtempSync(join(tmpdir(), "tsxs-sshd-"));
  chmodSync(directory, 0o700);
  // The directory that Debian's sshd demands for its unprivileged half.
  mkdirSync("/run/sshd", { recursive: true });
  const at = (name: string): string => join(directory, name);
  for (const name of ["host", "login", "stranger"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", at(name)]);
  }
  writeFileSync(at("authorized"), readFileSync(at("login.pub")), { mode: 0o600 });
  const port = await freePort();
  const lines = {
    Port: port,
    ListenAddress: "127.0.0.1",
    HostKey: at("host"),
    AuthorizedKeysFile: at("authorized"),
    PidFile: at("pid"),
    PasswordAuthentication: "no",
    KbdInteractiveAuthentication: "no",
    PermitRootLogin: "prohibit-password",
    StrictModes: "no",
    UsePAM: "no",
    UseDNS: "no",
    Subsystem: "sftp internal-sftp",
    MaxStartups: 100,
  };
  writeFileSync(at("sshd_config"), textOf(lines));
  const server = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", at("sshd_config")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  const ended = new Promise<void>((resolve) => server.once("close", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    server.stderr.on("data", (bytes: Uint8Array) => {
      log += new TextDecoder().decode(bytes);
      if (log.includes("Server listening")) resolve();
    });
    server.once("error", reject);
    server.once("close", () => reject(new Error(`sshd ended: ${log}`)));
  });
  // Bun does not know the name if no variable of the environment has it.
  const username = execFileSync("id", ["-un"], { encoding: "utf8" }).trim();
  return {
    port,
    user: username,
    directory,
    configure: (name, { port: other = port, login = "login", known = "host" } = {}) => {
      writeFileSync(at(`known-${name}`), `[127.0.0.1]:${other} ${readFileSync(at(`${known}.pub`), "utf8")}`);
      writeFileSync(
        at(`ssh-${name}`),
        textOf({
          UserKnownHostsFile: at(`known-${name}`),
          GlobalKnownHostsFile: "/dev/null",
          IdentityFile: at(login),
          IdentitiesOnly: "yes",
          IdentityAgent: "none",
        }),
      );
      return at(`ssh-${name}`);
    },
    cut: () => void execFileSync("pkill", ["-KILL", "-P", `${server.pid}`]),
    stop: async () => {
      server.kill("SIGTERM");
      await ended;
      rmSync(directory, { recursive: true });
    },
  };
}

function textOf(lines: Readonly<Record<string, string | number>>): string {
  return Object.entries(lines).map(([name, value]) => `${name} ${value}\n`).join("");
}

/** Returns a port that was free a moment ago. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
