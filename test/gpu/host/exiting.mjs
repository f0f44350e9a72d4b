// A fixture: ends before it answers anything, as where a library is missing.
process.stderr.write('cannot open shared object file\n');
process.exit(3);
