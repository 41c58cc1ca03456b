"""Firefox driven through its own remote control, Marionette: a loopback connection, frames of JSON with
their length before them. What a person does with the token's dialogs is done in the real dialogs."""
import json
import os
import socket
import subprocess
import time

START_SECONDS = 60
REPLY_SECONDS = 60

# Answers each password prompt as a person does, in the dialog that Firefox shows: fills its field, presses
# its first button; at the fourth in a row the second button. What was asked is kept in the window.
ANSWER = """
  const pin = arguments[0];
  const asked = Services.bsreAsked = [];
  let refused = 0;
  Services.obs.addObserver(dialog => { Services.bsreReady = dialog.ownerDocument; }, "cert-dialog-loaded");
  Services.obs.addObserver(win => {
    const dialog = win.Dialog, kind = dialog.args.promptType;
    asked.push(kind + ": " + (dialog.args.text || dialog.args.title || ""));
    const settled = () => {
      if (kind == "promptPassword") {
        if (++refused > 3) { dialog.ui.button1.click(); return; }
        dialog.ui.password1Textbox.value = pin;
      }
      dialog.ui.button0.disabled = false;
      dialog.ui.button0.click();
    };
    win.setTimeout(settled, arguments[1]);
  }, "common-dialog-loaded");
"""

# The dialog that asks which certificate to show: what it offers, or null while it is not there. With
# press, the certificate whose label begins with the name is chosen and the dialog accepted.
CHOOSE = """
  const [name, press] = arguments;
  for (const w of Services.wm.getEnumerator(null)) {
    for (const frame of w.document.querySelectorAll("browser.dialogFrame")) {
      const d = frame.contentDocument;
      if (!d || !d.location.href.endsWith("/clientauthask.xhtml")) continue;
      if (Services.bsreReady != d) return null;   // its button would mean: no certificate
      const list = d.getElementById("nicknames"), ok = d.getElementById("certAuthAsk").getButton("accept");
      const labels = [];
      for (let i = 0; i < list.itemCount; i++) {
        labels.push(list.getItemAtIndex(i).label);
        if (labels[i].startsWith(name)) list.selectedIndex = i;
      }
      list.dispatchEvent(new d.defaultView.Event("command", {bubbles: true}));
      if (press) ok.click();
      return labels;
    }
  }
  return null;
"""

TOKENS = """
  const done = arguments[arguments.length - 1];
  const all = async x => Array.from(await x);
  (async () => {
    const db = Cc["@mozilla.org/security/pkcs11moduledb;1"].getService(Ci.nsIPKCS11ModuleDB), names = [];
    for (const module of await all(db.listModules()))
      for (const slot of await all(module.slots || module.listSlots()))
        if (slot.status != Ci.nsIPKCS11Slot.SLOT_NOT_PRESENT) names.push(slot.tokenName);
    return names;
  })().then(done, e => done(["failed: " + e]));
"""

ADD_MODULE = """
  const [name, library, done] = arguments;
  const db = Cc["@mozilla.org/security/pkcs11moduledb;1"].getService(Ci.nsIPKCS11ModuleDB);
  Promise.resolve(db.addModule(name, library, 0, 0)).then(() => done("added"), e => done("failed: " + e));
"""

# No choice of a certificate is remembered, no TLS session resumed: the next visit signs anew.
FORGET = """
  Services.prefs.setStringPref("security.default_personal_cert", arguments[0]);
  Cc["@mozilla.org/security/clientAuthRememberService;1"].getService(Ci.nsIClientAuthRememberService).clearRememberedDecisions();
  Cc["@mozilla.org/psm;1"].getService(Ci.nsINSSComponent).clearSSLExternalAndInternalSessionCache();
"""

# Marionette's own way to a page waits for what a dialog holds up.
LOAD = """
  const w = Services.wm.getMostRecentWindow("navigator:browser");
  w.gBrowser.selectedBrowser.fixupAndLoadURIString(arguments[0], {
    triggeringPrincipal: Services.scriptSecurityManager.getSystemPrincipal()});
"""

PAGE = "return [document.documentURI, document.readyState, location.href, document.body ? document.body.innerText : '']"


STARTED = """
  const w = Services.wm.getMostRecentWindow("navigator:browser");
  return Boolean(w && w.gBrowserInit && w.gBrowserInit.delayedStartupFinished);
"""


class Refused(Exception):
    """Firefox did not do it; says why."""


class Firefox:
    def __init__(self, profile, log, headless=True, wrap=()):
        argv = [*wrap, os.environ["FIREFOX"], "--no-remote", "--profile", profile, "--marionette",
                "--remote-allow-system-access"] + (["--headless"] if headless else [])
        self.count, self.slowest, self.settle = 0, 0.0, 0 if headless else 200
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self.connection = self.connect(os.path.join(profile, "MarionetteActivePort"))
            self.connection.settimeout(REPLY_SECONDS)
            self.read()
            self.call("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {
                "unhandledPromptBehavior": "ignore", "pageLoadStrategy": "none"}}})
            while not self.script(STARTED):     # a dialog that comes before may be gone again
                time.sleep(0.05)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def connect(self, port_file):
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise Refused("it ended at its start, status %d" % self.process.returncode)
            try:
                with open(port_file) as f:
                    return socket.create_connection(("127.0.0.1", int(f.read())), 5)
            except (OSError, ValueError):
                time.sleep(0.05)
        raise Refused("no answer within %d s" % START_SECONDS)

    # --- the protocol --------------------------------------------------------------------------

    def take(self, n):
        data = b""
        while len(data) < n:
            part = self.connection.recv(n - len(data))
            if not part:
                raise Refused("it closed the connection")
            data += part
        return data

    def read(self):
        length = b""
        while not length.endswith(b":"):
            length += self.take(1)
        return json.loads(self.take(int(length[:-1])))

    def call(self, name, parameters=None):
        self.count += 1
        frame = json.dumps([0, self.count, name, parameters or {}]).encode()
        began = time.monotonic()
        try:
            self.connection.sendall(b"%d:%s" % (len(frame), frame))
            reply = self.read()
            while reply[:2] != [1, self.count]:
                reply = self.read()
        except socket.timeout:
            raise Refused("%s: no answer within %d s, it is frozen" % (name, REPLY_SECONDS)) from None
        self.slowest = max(self.slowest, time.monotonic() - began)
        if reply[2]:
            raise Refused("%s: %s" % (name, reply[2].get("message")))
        result = reply[3]
        return result["value"] if isinstance(result, dict) and set(result) == {"value"} else result

    def script(self, text, *args, wait=False, context="chrome"):
        """text with the browser's own rights; wait: it answers through a callback"""
        self.call("Marionette:SetContext", {"value": context})
        return self.call("WebDriver:Execute%sScript" % ("Async" if wait else ""),
                         dict({"script": text, "args": list(args)},
                              **({"sandbox": "system", "newSandbox": False} if context == "chrome" else {})))

    # --- what a person does --------------------------------------------------------------------

    def answer(self, pin):
        """Each prompt from here on gets this PIN."""
        self.script(ANSWER, pin, self.settle)

    def asked(self):
        return self.script("return Services.bsreAsked")

    def tokens(self):
        return self.script(TOKENS, wait=True)

    def page(self):
        try:
            return self.script(PAGE, context="content") or ["", "", "", "nothing"]
        except Refused as e:
            if "closed the connection" in str(e) or "frozen" in str(e):
                raise
            return ["", "", "", str(e)]     # a dialog stands before it

    def go(self, url, choice=None):
        """Starts a visit that signs anew: choice is the certificate's label, none the automatic choice."""
        self.script(FORGET, "Ask Every Time" if choice else "Select Automatically")
        self.offered = None
        self.choice, self.url = choice, url
        self.script(LOAD, url)

    def arrived(self, seconds, meanwhile=lambda: None):
        """Waits for the visit's end: what the page says, or why there is none."""
        until = time.monotonic() + seconds
        text = ""
        while time.monotonic() < until:
            meanwhile()
            if self.choice and self.offered is None:
                self.choose()
            where, state, href, text = self.page()
            if where.startswith(("about:neterror", "about:certerror")) and href == self.url:
                raise Refused("page: %s" % where.split("&u=")[0])
            if href == self.url and state == "complete" and text.startswith("hello "):
                return text.strip()
            time.sleep(0.1)
        raise Refused("no page within %d s (%s)" % (seconds, " ".join(text.split())[:200]))

    def choose(self):
        if not self.settle:
            self.offered = self.script(CHOOSE, self.choice, True)
        elif self.script(CHOOSE, self.choice, False):
            time.sleep(self.settle / 1000)
            self.shot("certificate")
            self.offered = self.script(CHOOSE, self.choice, True)

    @staticmethod
    def shot(name):
        """A screenshot, where somebody wants to look at it."""
        subprocess.run(["import", "-window", "root", os.path.join(os.environ["WORK"], name + ".png")], check=False)

    def quit(self):
        try:
            self.call("Marionette:Quit", {"flags": ["eForceQuit"]})
            self.process.wait(20)
        except (Refused, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
