#!/usr/bin/python3
"""What libreoffice.sh runs: a LibreOffice driven through UNO, its remote interface.

usage: libreoffice-client.py CN NAME...      pairs: certificate, and how the documents are called
Makes WORK/NAME.odt signed with the certificate of that common name, and WORK/NAME.pdf, exported signed.
The prompt for the PIN is an interaction that LibreOffice's own handler shows as a dialog: this one
stands in its place, answers with P11_PIN and counts."""
import os
import shutil
import signal
import subprocess
import sys
import time

import uno
import unohelper
from com.sun.star.beans import PropertyValue
from com.sun.star.lang import XInitialization, XServiceInfo, XSingleComponentFactory
from com.sun.star.task import XInteractionHandler2

START_SECONDS = 90
SERVICE = "com.sun.star.task.InteractionHandler"
READ, READWRITE = 1, 7


def value(name, what):
    made = PropertyValue()
    made.Name, made.Value = name, what
    return made


def values(*pairs):
    return uno.Any("[]com.sun.star.beans.PropertyValue", tuple(value(*pair) for pair in pairs))


def url(name):
    return uno.systemPathToFileUrl(os.path.join(os.environ["WORK"], name))


class Handler(unohelper.Base, XInteractionHandler2, XServiceInfo, XInitialization):
    """Answers as a person does: the PIN, and the fourth time in a row the other button."""
    asked = 0
    row = 0

    def initialize(self, _arguments):
        pass

    def handleInteractionRequest(self, request):
        Handler.asked += 1
        Handler.row += 1
        wanted = ("Abort",) if Handler.row > 3 else ("Password", "Approve")
        for kind in wanted:
            for continuation in request.getContinuations():
                part = continuation.queryInterface(uno.getTypeByName("com.sun.star.task.XInteraction" + kind))
                if part is not None:
                    if kind == "Password":
                        part.setPassword(os.environ["P11_PIN"])
                    part.select()
                    return True
        return False

    def handle(self, request):
        self.handleInteractionRequest(request)

    def getImplementationName(self):
        return "bsre.test.Handler"

    def supportsService(self, name):
        return name == SERVICE

    def getSupportedServiceNames(self):
        return (SERVICE,)


class Factory(unohelper.Base, XSingleComponentFactory, XServiceInfo):
    def createInstanceWithContext(self, _context):
        return Handler()

    def createInstanceWithArgumentsAndContext(self, _arguments, _context):
        return Handler()

    def getImplementationName(self):
        return "bsre.test.Handler"

    def supportsService(self, name):
        return name == SERVICE

    def getSupportedServiceNames(self):
        return (SERVICE,)


class Office:
    def __init__(self, own_handler=True):
        work = os.environ["WORK"]
        pipe = "bsre-%d" % os.getpid()
        with open(os.path.join(work, "soffice.log"), "a") as log:
            self.process = subprocess.Popen(
                ["soffice", "--norestore", "--nologo", "--nodefault", "--nofirststartwizard",
                 "--accept=pipe,name=%s;urp" % pipe, "-env:UserInstallation=file://%s/office" % work]
                + ([] if os.environ.get("DISPLAY") else ["--headless"]),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            self.context = self.connect("uno:pipe,name=%s;urp;StarOffice.ComponentContext" % pipe)
        except BaseException:
            self.kill()
            raise
        self.manager = self.context.ServiceManager
        self.desktop = self.make("com.sun.star.frame.Desktop")
        if own_handler:
            self.manager.remove("com.sun.star.comp.uui.UUIInteractionHandler")
            self.manager.insert(Factory())

    def connect(self, address):
        local = uno.getComponentContext()
        resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError("soffice ended at its start, status %d" % self.process.returncode)
            try:
                return resolver.resolve(address)
            except Exception:       # NoConnectException, until it listens
                time.sleep(0.1)
        raise RuntimeError("soffice does not answer")

    def make(self, service):
        return self.manager.createInstanceWithContext(service, self.context)

    def certificates(self):
        self.security = self.make("com.sun.star.xml.crypto.SEInitializer").createSecurityContext("")
        return self.security.getSecurityEnvironment().getPersonalCertificates()

    def certificate(self, common_name):
        found = [c for c in self.certificates()
                 if "CN=" + common_name in c.SubjectName.replace(", ", ",").split(",")]
        if len(found) != 1:
            raise RuntimeError("%d certificates are CN=%s" % (len(found), common_name))
        return found[0]

    def write(self, name, certificate):
        """NAME.odt, and NAME.pdf with a signature."""
        document = self.desktop.loadComponentFromURL("private:factory/swriter", "_blank", 0, (value("Hidden", True),))
        document.Text.setString("Document to sign")
        document.storeToURL(url(name + ".odt"), (value("FilterName", "writer8"),))
        try:
            document.storeToURL(url(name + ".pdf"), (
                value("FilterName", "writer_pdf_Export"),
                value("FilterData", values(("SignPDF", True), ("SignatureCertificate", certificate),
                                           ("SignaturePassword", os.environ["P11_PIN"])))))
        finally:
            document.close(True)

    def storage(self, name, mode):
        factory = self.make("com.sun.star.embed.StorageFactory")
        return uno.invoke(factory, "createInstanceWithArguments", (
            (url(name), mode, values(("StorageFormat", "ZipFormat"))),))

    def sign(self, name, certificate):
        """Signs NAME.odt as the office does: what is signed is read from one storage, META-INF written in another."""
        source = os.path.join(os.environ["WORK"], name)
        shutil.copy(source + ".odt", source + "-read.odt")
        read, store = self.storage(name + "-read.odt", READ), self.storage(name + ".odt", READWRITE)
        meta = store.openStorageElement("META-INF", READWRITE)
        signatures = self.manager.createInstanceWithArgumentsAndContext(
            "com.sun.star.security.DocumentDigitalSignatures", ("1.3", True), self.context)
        stream = meta.openStreamElement(signatures.getDocumentContentSignatureDefaultStreamName(), READWRITE)
        done = signatures.signDocumentWithCertificate(certificate, read, stream)
        if done:
            meta.commit()
            store.commit()
        store.dispose()
        return done

    def kill(self):
        """soffice is a script that starts another program; all are one session."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def quit(self):
        try:
            self.desktop.terminate()
            self.process.wait(20)
        except Exception:           # it broke the connection in its end
            pass
        self.kill()


def asked_since():
    count, Handler.asked, Handler.row = Handler.asked, 0, 0
    return count


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    office = Office()
    try:
        words = sys.argv[1:]
        print("certificates:", [c.SubjectName for c in office.certificates()], "asked", asked_since())
        while words:
            common_name, name, words = words[0], words[1], words[2:]
            certificate = office.certificate(common_name)
            print("%s: found, asked %d" % (name, asked_since()), flush=True)
            office.write(name, certificate)
            print("%s.pdf: asked %d" % (name, asked_since()), flush=True)
            if not office.sign(name, certificate):
                print("%s.odt: not signed" % name)
                return 1
            print("%s.odt: asked %d" % (name, asked_since()), flush=True)
    finally:
        office.quit()
    return 0


if __name__ == "__main__":
    sys.exit(main())
