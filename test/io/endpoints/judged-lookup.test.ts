import { expect, it } from 'vitest';
import { openEndpoint } from '../../../functions/io/endpoints/open-endpoint.ts';
import { askOne } from './ask-rows.ts';
import { quickWorld, settingsOf } from './endpoint-world.ts';
import { chatReply, startScriptedEndpoint } from './scripted-endpoint.ts';

const openAt = (
  url: string,
  addresses: readonly string[],
  given: { readonly allowsPrivate?: boolean } = {},
) => {
  let asked = 0;
  const resolve = async () => {
    // A name whose address changes with each question.
    const address = addresses[Math.min(asked, addresses.length - 1)] ?? '';
    asked += 1;
    return [{ address, family: address.includes(':') ? 6 : 4 }];
  };
  const endpoint = openEndpoint(settingsOf(url, given), { ...quickWorld, resolve });
  return { endpoint, asked: () => asked };
};

it.each(['10.0.0.1', '169.254.169.254', '127.0.0.1', 'fd00::1', '::ffff:10.0.0.1'])(
  'fails by name where a name leads to %s, before anything is sent',
  async (address) => {
    const { endpoint } = openAt('https://models.example.com/v1', [address]);
    await expect(askOne(endpoint)).rejects.toMatchObject({
      name: 'EndpointError',
      message: expect.stringMatching(/the endpoint scripted leads to/),
    });
    endpoint.close();
  },
);

it('connects to the address that was judged, and asks once for each connection', async () => {
  const server = await startScriptedEndpoint(() => chatReply('hi'));
  // The second answer would be refused: nobody asks for it.
  const { endpoint, asked } = openAt(`http://models.localhost:${server.port}/v1`, ['127.0.0.1', '10.0.0.1']);
  expect(await askOne(endpoint)).toMatchObject({ answer: 'hi' });
  expect(asked()).toBe(1);
  expect(server.asked[0]?.headers.host).toBe(`models.localhost:${server.port}`);
  endpoint.close();
  await server.stop();
});

it('refuses a name of which one address of several is refused', async () => {
  const resolve = async () => [
    { address: '8.8.8.8', family: 4 },
    { address: '10.0.0.1', family: 4 },
  ];
  const endpoint = openEndpoint(settingsOf('https://models.example.com/v1'), { ...quickWorld, resolve });
  await expect(askOne(endpoint)).rejects.toThrow(/leads to a private address/);
  endpoint.close();
});
