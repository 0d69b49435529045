/** The measure of the HTTP side: hono on @hono/node-server answering a constant on 127.0.0.1, port as argument. */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';

const app = new Hono();
app.get('/nic/update', (c) => c.text('good 10.0.0.7\n'));
serve({ fetch: app.fetch, port: Number(process.argv[2]), hostname: '127.0.0.1' });
