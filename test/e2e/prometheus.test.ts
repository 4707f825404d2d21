/**
 * stack/prometheus at work: a real Prometheus scrapes two real bridges. Every alert fires when its fault is made and clears
 * after it, and every query of the dashboards at Prometheus has data.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse, stringify } from 'yaml';
import { columnsOf, interpolate, queries } from '../helpers/grafana-files.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { PROMETHEUS, PROMTOOL, type Prometheus, SHIPPED, startPrometheus } from '../helpers/prometheus.ts';
import { type Replica, startReplicas } from '../helpers/replica.ts';
import { REDIS, startDurableRedis } from '../helpers/running-redis.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { webhookReceiver } from '../helpers/webhook-receiver.ts';

const DEADLINE = 30_000;

interface Rule {
  readonly alert: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

const rules = (): Rule[] => parse(readFileSync(join(SHIPPED, 'rules.yml'), 'utf8')).groups[0].rules;

describe.skipIf(!PROMETHEUS || !PROMTOOL)('the files of Prometheus', () => {
  it.each([
    ['config', 'prometheus.yml'],
    ['rules', 'rules.yml'],
    ['rules', 'replicas.yml'],
  ])('promtool check %s accepts %s', (what, file) => {
    const { status, stderr } = spawnSync(PROMTOOL!, ['check', what, join(SHIPPED, file)], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('say of every alert how bad it is, what it means and what to do', () => {
    expect(rules().length).toBeGreaterThan(5);
    for (const { alert, labels, annotations } of rules()) {
      expect(['critical', 'warning'], alert).toContain(labels.severity);
      expect(annotations.summary.length, alert).toBeGreaterThan(10);
      expect(annotations.description.length, alert).toBeGreaterThan(60);
    }
  });
});

describe.skipIf(!PROMTOOL)('the rules over time (promtool)', () => {
  /** @param series as `promtool test rules` takes them, a value a minute from 0 on. @param firing at which minutes */
  function expectFiring(
    alert: string,
    series: Readonly<Record<string, string>>,
    firing: Record<number, boolean>,
  ) {
    const tests = {
      rule_files: [join(SHIPPED, 'rules.yml')],
      tests: [
        {
          interval: '1m',
          input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
          promql_expr_test: Object.entries(firing).map(([minute, fires]) => ({
            expr: `count(ALERTS{alertname="${alert}", alertstate="firing"}) or vector(0)`,
            eval_time: `${minute}m`,
            exp_samples: [{ value: fires ? 1 : 0 }],
          })),
        },
      ],
    };
    const file = join(temporaryDirectory(), 'test.yml');
    writeFileSync(file, stringify(tests));
    const { status, stdout, stderr } = spawnSync(PROMTOOL!, ['test', 'rules', file], { encoding: 'utf8' });
    expect(status, `${stdout}${stderr}`).toBe(0);
  }

  it('give sensors five minutes after a cold start, and count from the last commit after that', () => {
    const of = (name: string) => `${name}{job="bridge", instance="a"}`;
    const series = {
      [of('process_start_time_seconds')]: '_x9 600x40',
      [of('vigia_last_commit_timestamp_seconds')]: '_x9 0x10 1200x30',
    };
    const silent = { ...series, [of('vigia_last_commit_timestamp_seconds')]: '_x9 0x40' };
    expectFiring('VigiaNoData', silent, { 12: false, 15: false, 17: true });
    expectFiring('VigiaNoData', series, { 17: true, 21: false, 25: false, 27: true });
  });

  it('name a user who may look at the sensors', () => {
    const [, user] = /mosquitto_sub -u (\w+) .*sensors\/#/.exec(
      readFileSync(join(SHIPPED, 'rules.yml'), 'utf8'),
    )!;
    const acl = readFileSync(join(SHIPPED, '../mosquitto/acl'), 'utf8');
    expect(acl).toMatch(new RegExp(`^user ${user}\n(?:topic .*\n)*topic read sensors/#$`, 'm'));
  });
});

/** Something between Prometheus and a bridge that can make it lose count. */
async function miscountingProxy(replica: Replica) {
  let lost = 0;
  const server = createServer(async (_request, response) => {
    try {
      const text = await (await fetch(`${await replica.url}/metrics`)).text();
      response.setHeader('Content-Type', 'text/plain; version=0.0.4');
      response.end(
        text.replace(
          /^(vigia_readings_total\{result="committed"\}) (\d+)/m,
          (_, name, n) => `${name} ${n - lost}`,
        ),
      );
    } catch {
      response.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    lose: (readings: number) => {
      lost = readings;
    },
  };
}

/** A reading of each of three sensors, five times a second, whenever the broker can be reached. */
function steadyFeed(url: string) {
  const client = mqtt.connect(url, { reconnectPeriod: 50 });
  client.on('error', () => {});
  let paused = false;
  const timer = setInterval(() => {
    if (paused || !client.connected) return;
    for (const sensor of ['a', 'b', 'c']) {
      const message = JSON.stringify({ value: 20 + Math.random(), ts: Date.now() });
      client.publish(`sensors/${sensor}/temperature`, message, { qos: 1 }, () => {});
    }
  }, 200);
  onTestFinished(async () => {
    clearInterval(timer);
    await client.endAsync(true);
  });
  return {
    client,
    pause: (on: boolean) => {
      paused = on;
    },
  };
}

const address = async (replica: Replica) => new URL(await replica.url).host;

describe.skipIf(!PROMETHEUS || !MOSQUITTO || !REDIS)('Prometheus on two bridges (Mosquitto, Redis)', () => {
  it('fires every alert when its fault is made, clears it after, and answers the dashboards', {
    timeout: 180_000,
  }, async () => {
    const started = Date.now();
    const [broker, redis] = await Promise.all([startMosquitto(), startDurableRedis()]);
    const receiver = await webhookReceiver();
    const env = {
      MQTT_URL: broker.url,
      REDIS_URL: redis.url,
      DEAD_LETTER_MAX: '20',
      ALERT_WEBHOOK_URL: receiver.url,
      ALERT_RULES: '[{sensor: hot, max: 50}]',
    };
    const [prometheus, replicas] = await Promise.all([startPrometheus(2), startReplicas(2, env)]);
    const [first, second] = replicas as [Replica, Replica];
    const feed = steadyFeed(broker.url);
    const proxy = await miscountingProxy(first);
    const target = async () => prometheus.target([proxy.address, await address(second)]);
    const restart = async (replica: Replica) => {
      replica.spawn();
      await replica.ready();
      await target();
    };
    await target();

    const faults: { alerts: readonly string[]; make(): unknown; mend(): unknown }[] = [
      {
        alerts: ['VigiaDeadLetters', 'VigiaDeadLettersDropped'],
        make: async () => {
          for (let i = 0; i < 40; i++) {
            await feed.client.publishAsync('sensors/a/temperature', `no number ${i}`, { qos: 1 });
          }
        },
        // They clear by themselves, a while after the last.
        mend: () => undefined,
      },
      {
        alerts: ['VigiaReplicaDown', 'VigiaReplicaMissing'],
        make: () => second.kill(),
        mend: () => restart(second),
      },
      {
        alerts: ['VigiaDown'],
        make: () => Promise.all([first.kill(), second.kill()]),
        mend: async () => {
          first.spawn();
          await restart(second);
          await first.ready();
        },
      },
      {
        alerts: ['VigiaStoreAway', 'VigiaStuck'],
        make: () => redis.kill(),
        mend: () => redis.start(),
      },
      {
        alerts: ['VigiaStoreAlmostFull'],
        make: async () => {
          const used = /^used_memory:(\d+)/m.exec(String(await redis.command('INFO', 'memory')))![1];
          await redis.command('CONFIG', 'SET', 'maxmemory', String(Math.round(Number(used) / 0.95)));
        },
        mend: () => redis.command('CONFIG', 'SET', 'maxmemory', '0'),
      },
      {
        alerts: ['VigiaAlertsUndelivered'],
        make: async () => {
          await receiver.stop();
          await feed.client.publishAsync('sensors/hot/temperature', `{"value":99,"ts":${Date.now()}}`, {
            qos: 1,
          });
        },
        mend: () => receiver.start(),
      },
      {
        alerts: ['VigiaAlertsRefused'],
        make: async () => {
          receiver.answer = () => ({ status: 400 });
          await feed.client.publishAsync('sensors/hot/temperature', `{"value":1,"ts":${Date.now()}}`, {
            qos: 1,
          });
        },
        mend: async () => {
          receiver.answer = () => ({ status: 204 });
          const again = `${await replicas[0]!.url}/api/alert-receivers/webhook/send-again`;
          expect((await fetch(again, { method: 'POST', body: '{}' })).ok).toBe(true);
        },
      },
      { alerts: ['VigiaBrokerAway'], make: () => broker.stop(), mend: () => broker.start() },
      { alerts: ['VigiaNoData'], make: () => feed.pause(true), mend: () => feed.pause(false) },
      { alerts: ['VigiaAccountingBroken'], make: () => proxy.lose(3), mend: () => proxy.lose(0) },
    ];
    expect(faults.flatMap(({ alerts }) => alerts).sort()).toEqual(
      rules()
        .map(({ alert }) => alert)
        .sort(),
    );

    // An increase is seen only from a value before it.
    await waitFor('a scrape of both', async () => {
      const series = await prometheus.range('vigia_dead_letters_dropped_total', started);
      return series.length === 2;
    });
    for (const { alerts, make, mend } of faults) {
      await clear(prometheus, alerts);
      await make();
      await waitFor(
        `${alerts.join(' and ')} to fire`,
        async () => {
          const firing = await prometheus.firing();
          return alerts.every((alert) => firing.includes(alert));
        },
        DEADLINE,
      );
      await mend();
      if (!alerts.includes('VigiaDeadLetters')) await clear(prometheus, alerts);
    }
    await clear(
      prometheus,
      rules().map(({ alert }) => alert),
    );

    const all = queries('bridges.json', 'prometheus');
    expect(all.length).toBeGreaterThan(20);
    for (const { where, target: query, panel } of all) {
      const expression = panel
        ? (query.expr as string)
        : /^query_result\((.*)\)$/.exec(query.query as string)![1]!;
      const values = { instance: '.*', __rate_interval: '2s' };
      const series = await prometheus.range(interpolate(expression, values), started);
      const numbers = series.flatMap(({ values: points }) => points.map(([, value]) => Number(value)));
      expect(
        numbers.filter((value) => Number.isFinite(value)).length,
        `${where}: ${expression}`,
      ).toBeGreaterThan(0);
      const labels = [...String(query.legendFormat ?? '').matchAll(/\{\{(\w+)\}\}/g)].map(
        ([, label]) => label!,
      );
      for (const { metric } of series)
        expect(Object.keys(metric), where).toEqual(expect.arrayContaining(labels));
      const { indexByName = {}, renameByName = {} } = panel ? columnsOf(panel) : {};
      const columns = [...Object.keys(indexByName), ...Object.keys(renameByName)];
      const there = series.flatMap(({ metric }) => Object.keys(metric));
      expect(there, where).toEqual(expect.arrayContaining(columns));
      if (panel) continue;
      // As Grafana writes a series for the variable's regular expression.
      const { __name__: name, ...rest } = series[0]!.metric;
      const text = `${name}{${Object.entries(rest).map(([key, value]) => `${key}="${value}"`)}} 1 1700000000000`;
      expect(new RegExp((query.regex as string).slice(1, -1)).exec(text)!.groups).toEqual({
        value: rest.instance,
        text: rest.replica,
      });
    }
    for (const replica of replicas) expect(replica.ended).toBe(false);
  });
});

function clear(prometheus: Prometheus, alerts: readonly string[]): Promise<unknown> {
  return waitFor(
    `${alerts.join(' and ')} not to fire`,
    async () => {
      const firing = (await prometheus.firing()).filter((alert) => alerts.includes(alert));
      if (firing.length > 0) throw new Error(`firing: ${firing.join(', ')}`);
      return true;
    },
    DEADLINE,
  );
}
