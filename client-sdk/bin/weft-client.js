#!/usr/bin/env node
// npm links a command only where its file is there when it installs, which in a checkout is before anything is built.
import '../dist/cli/main.js';
