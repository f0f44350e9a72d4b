import type { WriteStream } from 'node:tty';
import type { TextStream } from './services.ts';

/**
 * A standard stream. A reader that has gone (`| head`) is no error: the rest is dropped in silence. Any other
 * failure, such as a full disk behind a redirection, rejects the write.
 */
export function textStream(stream: NodeJS.WriteStream | WriteStream): TextStream {
  let gone = false;
  // Without a listener Node turns a failed write into an uncaught exception; `write` reports it itself.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    gone ||= isGone(error);
  });
  return {
    isTty: stream.isTTY === true,
    write(text) {
      if (gone) return Promise.resolve();
      return new Promise((resolve, reject) => {
        stream.write(text, (error) => {
          if (!error || isGone(error)) resolve();
          else reject(new Error(`standard output could not be written: ${error.message}`));
        });
      });
    },
  };
}

function isGone(error: NodeJS.ErrnoException): boolean {
  return error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED';
}
