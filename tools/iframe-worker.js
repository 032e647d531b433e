/* Search in the site when it is opened from a disk: browsers start no worker from a file, so that the script of the
   search runs in a hidden frame, which looks like a worker to the page. */
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      this.waiting = [];
      this.frame = document.createElement("iframe");
      this.frame.hidden = true;
      document.body.append(this.frame);
      const inner = this.inner = this.frame.contentWindow;
      const load = source => new Promise((done, failed) => {
        const script = inner.document.createElement("script");
        script.src = new URL(source, document.baseURI);
        script.onload = done;
        script.onerror = failed;
        inner.document.body.append(script);
      });
      inner.importScripts = (...sources) => sources.reduce((before, source) => before.then(() => load(source)), Promise.resolve());
      inner.postMessage = data => this.dispatchEvent(new MessageEvent("message", {data}));
      load(url).then(() => {
        this.ready = true;
        this.waiting.forEach(data => this.postMessage(data));
      });
    }

    postMessage(data) {
      if (this.ready) this.inner.dispatchEvent(new this.inner.MessageEvent("message", {data}));
      else this.waiting.push(data);
    }

    terminate() { this.frame.remove(); }
  };
}
