/**
 * Retained messages by the levels of their topics: looking for those of a filter costs what lies below the filter, not
 * all there are.
 */
import type { Message } from './message.ts';

interface Node {
  readonly children: Map<string, Node>;
  message: Message | null;
}

interface Step {
  readonly nodes: Iterator<Node>;
  /** Level of the filter that the nodes are for. */
  readonly depth: number;
}

const newNode = (): Node => ({ children: new Map(), message: null });

export class RetainedTree {
  private readonly root = newNode();

  get(topic: string): Message | null {
    let node: Node | undefined = this.root;
    for (const level of topic.split('/')) {
      node = node.children.get(level);
      if (!node) return null;
    }
    return node.message;
  }

  set(message: Message): void {
    let node = this.root;
    for (const level of message.topic.split('/')) {
      const next = node.children.get(level) ?? newNode();
      node.children.set(level, next);
      node = next;
    }
    node.message = message;
  }

  delete(topic: string): void {
    const levels = topic.split('/');
    const path = [this.root];
    for (const level of levels) {
      const next = path.at(-1)!.children.get(level);
      if (!next) return;
      path.push(next);
    }
    path.at(-1)!.message = null;
    for (let depth = levels.length; depth > 0; depth--) {
      const node = path[depth]!;
      if (node.children.size > 0 || node.message) return;
      path[depth - 1]!.children.delete(levels[depth - 1]!);
    }
  }

  /**
   * The messages of a filter, and null for every other node that was looked at, so that the caller can stop for breath.
   * What is stored or removed meanwhile may or may not be seen.
   */
  *find(filter: string): Generator<Message | null> {
    const levels = filter.split('/');
    const steps: Step[] = [{ nodes: below(this.root, levels[0]!, true), depth: 0 }];
    while (steps.length > 0) {
      const { nodes, depth } = steps.at(-1)!;
      const { value: node, done } = nodes.next();
      if (done) {
        steps.pop();
        continue;
      }
      const rest = levels[depth] === '#';
      const next = rest ? '#' : levels[depth + 1];
      // `a/#` is for `a` too [MQTT-4.7.1-2].
      if (rest || next === undefined || (next === '#' && depth + 2 === levels.length)) yield node.message;
      else yield null;
      if (next !== undefined)
        steps.push({ nodes: below(node, next, false), depth: rest ? depth : depth + 1 });
    }
  }
}

/** @param top whether $ hides from wildcards here [MQTT-4.7.2-1] */
function* below(node: Node, level: string, top: boolean): Generator<Node> {
  if (level !== '+' && level !== '#') {
    const child = node.children.get(level);
    if (child) yield child;
    return;
  }
  for (const [name, child] of node.children) if (!(top && name.startsWith('$'))) yield child;
}
