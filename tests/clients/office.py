"""LibreOffice driven through UNO, its remote interface, from outside. The prompt for the PIN is an interaction that
LibreOffice's own handler shows as a dialog: one of ours stands in its place, answers with P11_PIN and counts."""
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
    count = 0

    @classmethod
    def asked(cls):
        """How often since it was last asked for."""
        count, cls.count = cls.count, 0
        return count

    def initialize(self, _arguments):
        pass

    def handleInteractionRequest(self, request):
        Handler.count += 1
        wanted = ("Abort",) if Handler.count > 3 else ("Password", "Approve")
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
        self.contexts = []
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
        # A new one each time, as its dialogs have, and none ever dropped: what is made of one tells NSS whom to
        # ask for the PIN, and its end tells NSS to ask nobody.
        self.contexts.append(self.make("com.sun.star.xml.crypto.SEInitializer").createSecurityContext(""))
        return self.contexts[-1].getSecurityEnvironment().getPersonalCertificates()

    def certificate(self, common_name):
        found = [c for c in self.certificates()
                 if "CN=" + common_name in c.SubjectName.replace(", ", ",").split(",")]
        if len(found) != 1:
            raise RuntimeError("%d certificates are CN=%s" % (len(found), common_name))
        return found[0]

    def write_text(self, name):
        """NAME.odt; gives the open document."""
        document = self.desktop.loadComponentFromURL("private:factory/swriter", "_blank", 0, (value("Hidden", True),))
        document.Text.setString("Document to sign")
        document.storeToURL(url(name + ".odt"), (value("FilterName", "writer8"),))
        return document

    def write(self, name, certificate):
        """NAME.odt, and NAME.pdf with a signature."""
        document = self.write_text(name)
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

    def valid(self, name):
        """Does the office itself find a valid signature in NAME.odt?"""
        signatures = self.manager.createInstanceWithArgumentsAndContext(
            "com.sun.star.security.DocumentDigitalSignatures", ("1.3", True), self.context)
        found = signatures.verifyDocumentContentSignatures(self.storage(name + ".odt", READ), None)
        return any(signature.SignatureIsValid for signature in found)

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
