/**
 * Which subscribers a topic is for, found by walking the topic's levels: the cost grows with the matches, not with the
 * number of subscriptions.
 */
import type { QoS } from './message.ts';

interface Node {
  readonly children: Map<string, Node>;
  /** Subscriber -> QoS, of the filter that ends here. */
  readonly subscribers: Map<string, QoS>;
}

const newNode = (): Node => ({ children: new Map(), subscribers: new Map() });

export class FilterTree {
  private readonly root = newNode();

  add(filter: string, subscriber: string, qos: QoS): void {
    let node = this.root;
    for (const level of filter.split('/')) {
      const next = node.children.get(level) ?? newNode();
      node.children.set(level, next);
      node = next;
    }
    node.subscribers.set(subscriber, qos);
  }

  remove(filter: string, subscriber: string): void {
    const levels = filter.split('/');
    const path = [this.root];
    for (const level of levels) {
      const next = path.at(-1)?.children.get(level);
      if (!next) return;
      path.push(next);
    }
    path.at(-1)?.subscribers.delete(subscriber);
    for (let depth = levels.length; depth > 0; depth--) {
      const node = path[depth] as Node;
      if (node.children.size > 0 || node.subscribers.size > 0) return;
      path[depth - 1]?.children.delete(levels[depth - 1] as string);
    }
  }

  /** Each subscriber once, with the greatest QoS of its filters that match. */
  match(topic: string): Map<string, QoS> {
    const found = new Map<string, QoS>();
    const levels = topic.split('/');
    const take = (node: Node | undefined) => {
      for (const [subscriber, qos] of node?.subscribers ?? [])
        found.set(subscriber, Math.max(qos, found.get(subscriber) ?? 0) as QoS);
    };
    const walk = (node: Node, depth: number) => {
      const wildcards = depth > 0 || !topic.startsWith('$');
      if (wildcards) take(node.children.get('#'));
      if (depth === levels.length) {
        take(node);
        return;
      }
      const exact = node.children.get(levels[depth] as string);
      if (exact) walk(exact, depth + 1);
      const any = wildcards ? node.children.get('+') : undefined;
      if (any) walk(any, depth + 1);
    };
    walk(this.root, 0);
    return found;
  }
}
