/** Puts the bridge between the arrival of a message and its acknowledgement. */
import type { PublishPacket } from 'aedes';

/**
 * Called with every message a client publishes (wills included, the bridge's own publishes not) before it is acknowledged
 * and before any subscriber gets it, at every QoS. Resolving lets it through; rejecting closes the client's connection
 * without an acknowledgement. The next bytes of a connection are read only when the messages before them are
 * through, which bounds what one client can have in the hook to what one read of its socket gives (about 64 KB of packets).
 * @param payload a view of a larger buffer: copy it to keep it
 */
export type PublishHook = (topic: string, payload: Buffer, info: PublishInfo) => Promise<void>;

export interface PublishInfo {
  readonly clientId: string;
  /** The user that the client signed in as; absent: none. */
  readonly username?: string | undefined;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  /** Set by some clients on a redelivery; its absence proves nothing. */
  readonly dup: boolean;
}

export interface HookRunner {
  /** Calls `done` when the hook has let the message through, or with its error. */
  run(
    publisher: Pick<PublishInfo, 'clientId' | 'username'>,
    packet: PublishPacket,
    done: (error?: Error | null) => void,
  ): void;
  /**
   * From now on messages are neither let through nor refused (their clients publish them again elsewhere). Resolves when
   * the hook is done with those before.
   */
  stop(): Promise<void>;
}

export function hookRunner(hook: PublishHook | undefined): HookRunner {
  let running = 0;
  let stopped = false;
  let idle: (() => void) | null = null;

  return {
    run({ clientId, username }, packet, done) {
      if (stopped) return;
      if (hook === undefined) {
        done(null);
        return;
      }
      const { topic, payload, qos, retain, dup } = packet;
      running++;
      const settle = (error: Error | null): void => {
        done(error);
        if (--running === 0) idle?.();
      };
      // In a promise, so that a hook that throws counts as one that rejects.
      new Promise<void>((resolve) =>
        resolve(
          hook(topic, Buffer.isBuffer(payload) ? payload : Buffer.from(payload), {
            clientId,
            ...(username !== undefined && { username }),
            qos,
            retain: retain === true,
            dup: dup === true,
          }),
        ),
      ).then(
        () => settle(null),
        (error: unknown) => settle(error instanceof Error ? error : new Error(String(error))),
      );
    },
    async stop() {
      stopped = true;
      if (running > 0)
        await new Promise<void>((resolve) => {
          idle = resolve;
        });
    },
  };
}
