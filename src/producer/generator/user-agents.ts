const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)'
const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)'
const LINUX = 'Mozilla/5.0 (X11; Linux x86_64)'
const ANDROID = 'Mozilla/5.0 (Linux; Android 10; K)'
const iPhone = (version: string) => `Mozilla/5.0 (iPhone; CPU iPhone OS ${version} like Mac OS X)`
const webKit = (rest: string) => `AppleWebKit/537.36 (KHTML, like Gecko) ${rest}`

/** What browsers call themselves, the frequent ones first. */
export const USER_AGENTS: readonly string[] = Object.freeze([
  `${WINDOWS} ${webKit('Chrome/142.0.0.0 Safari/537.36')}`,
  `${ANDROID} ${webKit('Chrome/142.0.0.0 Mobile Safari/537.36')}`,
  `${iPhone('18_7')} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1`,
  `${MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15`,
  `${WINDOWS} ${webKit('Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0')}`,
  `${MAC} ${webKit('Chrome/142.0.0.0 Safari/537.36')}`,
  `${LINUX} ${webKit('Chrome/142.0.0.0 Safari/537.36')}`,
  `${iPhone('17_6_1')} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1`,
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0',
  'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0',
  'Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0',
  `Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-S918B) ${webKit('SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36')}`,
  'Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1',
  `${iPhone('18_7')} AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.7444.77 Mobile/15E148 Safari/604.1`,
  `${WINDOWS} ${webKit('Chrome/141.0.0.0 Safari/537.36 OPR/125.0.0.0')}`,
  `${LINUX} ${webKit('Chrome/141.0.0.0 Safari/537.36')}`,
  `${WINDOWS} ${webKit('Chrome/109.0.0.0 Safari/537.36')}`,
  `${ANDROID} ${webKit('Chrome/141.0.0.0 Mobile Safari/537.36')}`,
  `${ANDROID} ${webKit('SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36')}`,
  `${ANDROID} ${webKit('Chrome/142.0.0.0 Safari/537.36')}`,
  `${ANDROID} ${webKit('Chrome/142.0.0.0 Mobile Safari/537.36 EdgA/142.0.0.0')}`,
  `${ANDROID} ${webKit('Chrome/141.0.0.0 Mobile Safari/537.36 OPR/92.0.0.0')}`,
  `${MAC} ${webKit('Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0')}`,
  `${MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15`,
  `${MAC} ${webKit('Chrome/141.0.0.0 Safari/537.36')}`,
  `${WINDOWS} ${webKit('Chrome/141.0.0.0 Safari/537.36')}`,
  `${WINDOWS} ${webKit('Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0')}`,
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
  `${iPhone('18_6')} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1`,
  `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${webKit('Chrome/142.0.0.0 Safari/537.36')}`,
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
  'curl/8.14.1',
])
