/** `vigia completion`: scripts that let a shell complete commands and options. They are made from the commands themselves. */
import { Argument, Command } from 'commander';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const WHERE: Readonly<Record<Shell, string>> = {
  bash: 'source <(vigia completion bash)    # in ~/.bashrc',
  zsh: 'source <(vigia completion zsh)     # in ~/.zshrc, after compinit',
  fish: 'vigia completion fish | source     # in ~/.config/fish/config.fish',
};

/** @param program all commands, once they are known */
export function completionCommand(program: () => Command): Command {
  return new Command('completion')
    .description('prints a script that completes commands and options in a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .addHelpText('after', `\n${Object.values(WHERE).join('\n')}`)
    .action((shell: Shell) => console.log(SCRIPTS[shell](placesOf(program()))));
}

/** A command without its name on the command line before it: where something can be completed. */
interface Place {
  /** '' for `vigia` itself, `model`, `model list`. */
  readonly path: string;
  readonly commands: readonly Word[];
  readonly options: readonly (Word & { readonly takesValue: boolean })[];
}

interface Word {
  readonly word: string;
  readonly description: string;
}

function placesOf(command: Command, path = ''): Place[] {
  const commands = command.commands.map((each) => ({
    word: each.name(),
    description: each.description(),
  }));
  const options = command.options.flatMap(({ long, description, required, optional }) =>
    long ? [{ word: long, description, takesValue: required || optional }] : [],
  );
  const help = { word: '--help', description: 'display help for command', takesValue: false };
  return [
    { path, commands, options: [...options, help] },
    ...command.commands.flatMap((each) => placesOf(each, `${path} ${each.name()}`.trim())),
  ];
}

const SCRIPTS: Readonly<Record<Shell, (places: readonly Place[]) => string>> = { bash, zsh, fish };

/** The words of a command that has commands of its own stand before those of these. */
const pattern = ({ path }: Place) => (path.includes(' ') ? `'${path}'` : `'${path} '*`);
const deepestFirst = (places: readonly Place[]) =>
  places.toSorted(
    (a, b) => b.path.split(' ').length - a.path.split(' ').length || b.path.length - a.path.length,
  );

function bash(places: readonly Place[]): string {
  const cases = deepestFirst(places.filter(({ path }) => path !== '')).map((place) => {
    const words = [...place.commands, ...place.options].map(({ word }) => word);
    return `    ${pattern(place)}) words='${words.join(' ')}' ;;`;
  });
  const top = places[0]!;
  const first = [...top.commands, ...top.options].map(({ word }) => word).join(' ');
  return `_vigia() {
  local words
  if [ "$COMP_CWORD" -eq 1 ]; then words='${first}'
  else case "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
${cases.join('\n')}
  esac; fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _vigia vigia`;
}

function zsh(places: readonly Place[]): string {
  const list = ({ commands, options }: Place) =>
    [...commands, ...options]
      .map(({ word, description }) => `${word.replaceAll(':', '\\:')}:${description}`)
      .map((text) => quoted(text))
      .join(' ');
  const cases = deepestFirst(places.filter(({ path }) => path !== '')).map(
    (place) => `    ${pattern(place)}) list=(${list(place)}) ;;`,
  );
  return `#compdef vigia
_vigia() {
  local -a list
  if (( CURRENT == 2 )); then list=(${list(places[0]!)})
  else case "$words[2] $words[3]" in
${cases.join('\n')}
  esac; fi
  _describe vigia list || _files
}
compdef _vigia vigia`;
}

function fish(places: readonly Place[]): string {
  const lines: string[] = [];
  for (const { path, commands, options } of places) {
    const [command, sub] = path.split(' ');
    const names = commands.map(({ word }) => word).join(' ');
    const within = [command, sub].filter(Boolean).map((name) => `__fish_seen_subcommand_from ${name}`);
    const here = path === '' ? ['__fish_use_subcommand'] : within;
    const none = path !== '' && names !== '' ? [`not __fish_seen_subcommand_from ${names}`] : [];
    for (const { word, description } of commands) {
      lines.push(
        `complete -c vigia -n '${[...here, ...none].join('; and ')}' -a ${word} -d ${quoted(description)}`,
      );
    }
    for (const { word, description, takesValue } of options) {
      const value = takesValue ? ' -r' : '';
      lines.push(
        `complete -c vigia -n '${[...here, ...none].join('; and ')}' -l ${word.slice(2)}${value} -d ${quoted(description)}`,
      );
    }
  }
  return lines.join('\n');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
