// The scripts of @bomb.sh/tab, with changes: they neither run nor expand what is typed, or what a guest wrote.

import { script } from "@bomb.sh/tab";
import type { shells } from "./words.ts";

const NAME = "tsxs";

/** Returns the script for a shell. It calls `tsxs completion SHELL complete -- ...` for each completion. */
export function scriptFor(shell: typeof shells[number]): string {
  const text = new Script(generated(shell));
  changes[shell](text);
  return text.toString();
}

/** Returns the script of the package, which prints it to the console. */
function generated(shell: string): string {
  const { log } = console;
  const lines: string[] = [];
  console.log = (line: string) => void lines.push(line);
  try {
    script(shell, NAME, `${NAME} completion ${shell}`);
  } finally {
    console.log = log;
  }
  return `${lines.join("\n")}\n`;
}

const changes: Readonly<Record<typeof shells[number], (text: Script) => void>> = { bash, zsh, fish };

/** A script that is changed. Each part that is replaced must be in it exactly once. */
class Script {
  #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** Replaces a part. */
  replace(part: string, by: string): void {
    this.#cut(part, part, by);
  }

  /** Replaces all from one text to another, both included. */
  replaceFrom(begin: string, end: string, by: string): void {
    this.#cut(begin, end, by);
  }

  /** Replaces each occurrence of a text. */
  replaceAll(part: string, by: string): void {
    this.#indexOf(part);
    this.#text = this.#text.replaceAll(part, by);
  }

  toString(): string {
    return this.#text;
  }

  #cut(begin: string, end: string, by: string): void {
    const from = this.#indexOf(begin);
    if (this.#text.includes(begin, from + 1)) throw new Error(`cannot change the script: ${begin} is in it twice`);
    const to = this.#indexOf(end, from) + end.length;
    this.#text = this.#text.slice(0, from) + by + this.#text.slice(to);
  }

  #indexOf(part: string, from = 0): number {
    const index = this.#text.indexOf(part, from);
    if (index < 0) throw new Error(`cannot change the script: ${part} is not in it`);
    return index;
  }
}

function bash(script: Script): void {
  // A second `source` would fail, and so would the script of another program for which the package made one.
  script.replaceAll("readonly ", "");
  script.replaceAll("ShellCompDirective", `__${NAME}_directive`);
  // The original needs bash-completion, and evaluates the words: a typed `$(command)` or `> file` would take effect.
  script.replaceFrom(
    "    local cur prev words cword\n",
    'out=$(eval "$requestComp" 2>/dev/null)\n',
    `    local out directive

    # The program splits the line itself. $2 is the part of the line that is replaced.
    out=$(${NAME} completion bash complete -- "\${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
`,
  );
  script.replace("    # Process completions based on directive\n", "    [[ $directive =~ ^[0-9]+$ ]] || return\n\n");
  // The function is registered without -o default.
  script.replace("        compopt +o default\n", "        compopt +o default\n    else\n        compopt -o default\n");
  // compgen -W would expand the completions, and `$(command)` in a name would run. The program sends no filters.
  script.replaceFrom(
    "    # Handle file extension filtering\n",
    'COMPREPLY=( $(compgen -W "${completions[*]}" -- "$cur") )\n',
    `    # Take the completions as they are, without their descriptions
    COMPREPLY=()
    local comp
    while IFS= read -r comp; do
        comp=\${comp%%$'\\t'*}
        [[ -z $comp ]] || COMPREPLY+=("$comp")
    done <<< "$out"
`,
  );
}

function zsh(script: Script): void {
  // The original splits quoted words at spaces.
  script.replace('words=( "${=words[1,CURRENT]}" )', 'words=( "${(@)words[1,CURRENT]}" )');
  // The original evaluates what is typed before `=`. The program completes the whole argument.
  script.replaceFrom("    # For zsh, when completing a flag with an =", '"-P ${BASH_REMATCH}"\n    fi\n', "");
  script.replaceFrom(
    "    # Prepare the command to obtain completions",
    "out=$(eval ${requestComp} 2>/dev/null)\n",
    `    # Remove the quotes, and expand nothing
    out=$(${NAME} completion zsh complete -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)
`,
  );
  script.replace('    __tsxs_debug "directive: ${directive}"\n', "    [[ $directive = <-> ]] || return\n");
  // The original loses the backslash, and so the rest of a completion that contains a colon.
  script.replace(
    "            comp=${comp//:/\\:}\n",
    "            comp=${comp//\\\\/\\\\\\\\}\n            comp=${comp//:/\\\\:}\n",
  );
  // The original inserts completions without quotes, and `$(command)` in a name would run with the line.
  script.replace(
    'if eval _describe $keepOrder "completions" completions -Q ${flagPrefix} ${noSpace}; then',
    'if _describe $keepOrder "completions" completions "${(@)suffixArgs}"; then',
  );
  script.replace("noSpace=\"-S ''\"", "suffixArgs=(-S '')");
  script.replace("    local -a completions\n", "    local -a completions suffixArgs\n");
  // A file may follow an option or a scheme in the same argument.
  script.replace(
    "_arguments '*:filename:_files'\" ${flagPrefix}\"",
    "compset -P '--*='; compset -P '(unix|xenbus):'; _files",
  );
}

function fish(script: Script): void {
  // The program gets the argument without quotes.
  script.replace("set -l lastArg (commandline -ct)", "set -l lastArg (commandline -ct | string unescape)");
  // The program completes the whole argument, and chooses what begins as the one that is typed.
  script.replaceFrom("    # For Fish, when completing a flag with an =", '"$lastArg")\n', "");
  script.replace('    __tsxs_debug "flagPrefix: $flagPrefix"\n', "");
  script.replace('printf "%s%s\\n" "$flagPrefix" "$comp"', 'printf "%s\\n" "$comp"');
  script.replaceFrom(
    "        set -l prefix (commandline -t | string escape --style=regex)\n",
    'Filtered completions are: $__tsxs_comp_results"\n',
    "",
  );
}
