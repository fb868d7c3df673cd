// The quotes service, on PORT.
const express = require('express');

const app = express();
app.use(express.json());
const quotes = ['Listen first.', 'A clean signal beats a loud one.'];

app.get('/quotes', (req, res) => res.json(quotes));
app.get('/quotes/:id', (req, res) => {
  const quote = quotes[Number(req.params.id)];
  setTimeout(() => (quote ? res.json(quote) : res.status(404).json({ error: 'no such quote' })), 3);
});
app.post('/quotes', (req, res) => {
  quotes.push(req.body.user);
  res.status(201).json({ id: quotes.length - 1 });
});

const server = app.listen(Number(process.env.PORT || 8002), '127.0.0.1');
process.on('SIGTERM', () => server.close());
