// The front door, on PORT: asks the quotes service on QUOTES_PORT, by node:http and by fetch.
const http = require('node:http');
const express = require('express');

const app = express();
app.use(express.json());
const quotes = { host: '127.0.0.1', port: Number(process.env.QUOTES_PORT || 8002) };

function ask(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const request = http.request({ ...quotes, method, path, headers, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (part) => (text += part));
      answer.on('end', () => resolve({ status: answer.statusCode, body: JSON.parse(text) }));
    });
    request.on('error', reject);
    request.end(body && JSON.stringify(body));
  });
}

app.get('/quote/:id', async (req, res) => {
  const { status, body } = await ask('GET', `/quotes/${req.params.id}`);
  res.status(status).json(body);
});
app.get('/any', async (req, res) => {
  const all = await (await fetch(`http://${quotes.host}:${quotes.port}/quotes`)).json();
  res.json(all[Math.floor(Math.random() * all.length)]);
});
app.post('/quote', async (req, res) => {
  const { status, body } = await ask('POST', '/quotes', req.body);
  res.status(status).json(body);
});
app.get('/fault', () => {
  throw new Error('this page is broken');
});

const server = app.listen(Number(process.env.PORT || 8001), '127.0.0.1');
process.on('SIGTERM', () => server.close());
