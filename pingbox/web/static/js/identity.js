/**
 * Who this browser is: the name its owner chose and the token that makes the server know it again.
 *
 * A handshake refused for a bad token looks to a browser like no network at all. So when a token fails twice without the
 * socket ever opening, the next try goes without; only if that one opens, the token was at fault and is forgotten.
 */
const DOUBT_AFTER = 2;

export class Identity {
  constructor(storage) {
    this.storage = storage;
    this.name = storage.get('name', '');
    this.token = storage.get('token');
    this.user = storage.get('user');
    this.doubted = false;
  }

  protocols() {
    return this.token && !this.doubted ? ['pingbox.v1', `auth.${this.token}`] : ['pingbox.v1'];
  }

  /** The socket failed `count` times in a row without opening. Every second try from then on goes without the token. */
  unopened(count) {
    this.doubted = this.token !== null && count >= DOUBT_AFTER && count % 2 === 0;
  }

  rename(name) {
    this.name = name;
    this.storage.set('name', name);
  }

  welcomed({ user, token }) {
    this.doubted = false;
    this.user = user;
    this.storage.set('user', user);
    if (!token) return;
    this.token = token;
    this.storage.set('token', token);
  }
}
