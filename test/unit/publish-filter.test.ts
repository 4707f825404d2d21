import { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import fc from 'fast-check';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { type Publish, PublishFilter } from '../../src/intake/publish-filter.ts';

const publish = (
  version: 4 | 5,
  topic: string,
  payload: Buffer,
  qos: 0 | 1 | 2,
  id: number,
  retain: boolean,
) =>
  ({
    ...{ cmd: 'publish', topic, payload, qos, retain, dup: id % 2 === 0 && qos > 0 },
    ...(qos > 0 && { messageId: id }),
    ...(version === 5 &&
      id % 3 === 0 && {
        properties: { userProperties: { a: 'x'.repeat(id % 200) }, messageExpiryInterval: 9 },
      }),
  }) as Packet;

/** What reaches the reader and what reaches MQTT.js, in one list. */
function collect(version: 4 | 5, take: (seen: unknown[]) => boolean = () => true) {
  const seen: unknown[] = [];
  const parser = mqttPacket.parser({ protocolVersion: version } as Parameters<typeof mqttPacket.parser>[0]);
  parser.on('packet', ({ cmd, ...rest }) => {
    seen.push(
      cmd === 'publish' ? `${cmd} of MQTT.js` : `${cmd} ${'messageId' in rest ? rest.messageId : ''}`,
    );
  });
  parser.on('error', (error) => seen.push(error.message));
  const others = new Writable({
    write(chunk, _encoding, done) {
      parser.parse(chunk);
      done();
    },
  });
  const filter = new PublishFilter(
    version,
    ({ topic, payload, retain, packetId }: Publish) => {
      seen.push([topic, payload.toString('hex'), retain, packetId]);
      return take(seen);
    },
    others,
  );
  return { seen, filter };
}

const packet = (version: 4 | 5) =>
  fc.oneof(
    fc
      .record({
        topic: fc.string({ minLength: 1, unit: 'binary' }),
        payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
        qos: fc.constantFrom<0 | 1>(0, 1),
        id: fc.integer({ min: 1, max: 65_535 }),
        retain: fc.boolean(),
      })
      .map(({ topic, payload, qos, id, retain }) => ({
        bytes: publish(version, topic, payload, qos, id, retain),
        expected: [topic, payload.toString('hex'), retain, qos === 1 ? id : undefined] as unknown,
      })),
    fc.integer({ min: 1, max: 65_535 }).map((messageId) => ({
      bytes: { cmd: 'puback', messageId } as Packet,
      expected: `puback ${messageId}` as unknown,
    })),
    fc.constant({ bytes: { cmd: 'pingresp' } as Packet, expected: 'pingresp ' as unknown }),
  );

describe.each([4, 5] as const)('the filter of PUBLISH packets, MQTT version %s', (version) => {
  const encode = (each: Packet) => mqttPacket.generate(each, { protocolVersion: version });

  it('finds every packet in its order, wherever the bytes are cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(packet(version), { maxLength: 20 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 150 })),
        async (packets, cuts) => {
          const { seen, filter } = collect(version);
          const bytes = Buffer.concat(packets.map(({ bytes: each }) => encode(each)));
          for (let at = 0; at < bytes.length; ) {
            const end = at + cuts.next().value!;
            filter.write(bytes.subarray(at, end));
            at = end;
          }
          filter.end();
          await finished(filter);
          expect(seen).toEqual(packets.map(({ expected }) => expected));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('takes a large message that comes in many pieces', async () => {
    const { seen, filter } = collect(version);
    const payload = Buffer.alloc(300_000, 7);
    const bytes = encode(publish(version, 't', payload, 1, 5, false));
    for (let at = 0; at < bytes.length; at += 1000) filter.write(bytes.subarray(at, at + 1000));
    filter.end();
    await finished(filter);
    expect(seen).toEqual([['t', payload.toString('hex'), false, 5]]);
  });

  it('reads nothing while there is no room, also of other packets', async () => {
    let room = 1;
    const { seen, filter } = collect(version, () => --room > 0);
    const message = (id: number) => encode(publish(version, `t${id}`, Buffer.from('1'), 1, id, false));
    const written = new Promise((resolve) =>
      filter.write(
        Buffer.concat([message(1), encode({ cmd: 'pingresp' }), message(2), message(4), message(8)]),
        resolve,
      ),
    );
    expect(seen).toEqual([['t1', '31', false, 1]]);
    room = 2;
    filter.resume();
    await new Promise(setImmediate);
    expect(seen.map(String)).toEqual(['t1,31,false,1', 'pingresp ', 't2,31,false,2', 't4,31,false,4']);
    room = 9;
    filter.resume();
    await written;
    expect(seen).toHaveLength(5);
  });

  it('leaves to MQTT.js what it has to refuse', async () => {
    const { seen, filter } = collect(version);
    filter.write(encode(publish(version, 't', Buffer.from('1'), 2, 1, false)));
    // The topic is longer than the packet.
    filter.write(Buffer.from([0x30, 4, 0, 9, 0x61, 0x62]));
    await new Promise(setImmediate);
    expect(seen).toEqual(['publish of MQTT.js', 'Cannot parse topic']);
    const broken = collect(version);
    broken.filter.write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0xff]));
    await new Promise(setImmediate);
    expect(broken.seen).toEqual(['Invalid variable byte integer']);
  });
});
