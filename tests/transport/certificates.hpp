#pragma once
// Certificates for the tests of Tls, made anew for each run and kept in files of a folder that goes with
// them.

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace certificates {

struct Files {
    std::string certificate, key, fingerprint;
};

class Authority {
  public:
    explicit Authority(const std::string& folder, const std::string& name) : folder_(folder), name_(name) {
        key_ = EVP_EC_gen("P-256");
        certificate_ = sign(key_, name, nullptr, 3600, "CA:TRUE", "");
        write(folder_ + "/" + name + ".pem", certificate_);
    }
    Authority(const Authority&) = delete;
    Authority& operator=(const Authority&) = delete;
    ~Authority() {
        X509_free(certificate_);
        EVP_PKEY_free(key_);
    }

    std::string file() const { return folder_ + "/" + name_ + ".pem"; }
    // For hosts as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1".
    Files issue(const std::string& name, const std::string& hosts, long lasts = 3600) {
        EVP_PKEY* key = EVP_EC_gen("P-256");
        X509* made = sign(key, name, certificate_, lasts, "CA:FALSE", hosts);
        const Files files{folder_ + "/" + name + ".pem", folder_ + "/" + name + ".key", digest(made)};
        write(files.certificate, made);
        std::FILE* file = std::fopen(files.key.c_str(), "wb");
        PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
        std::fclose(file);
        X509_free(made);
        EVP_PKEY_free(key);
        return files;
    }

  private:
    X509* sign(EVP_PKEY* key, const std::string& name, X509* issuer, long lasts, const char* kind,
               const std::string& hosts) {
        X509* made = X509_new();
        X509_set_version(made, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial_);
        X509_gmtime_adj(X509_getm_notBefore(made), -7200);
        X509_gmtime_adj(X509_getm_notAfter(made), lasts);
        X509_NAME* subject = X509_get_subject_name(made);
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
        X509_set_issuer_name(made, issuer == nullptr ? subject : X509_get_subject_name(issuer));
        X509_set_pubkey(made, key);
        X509V3_CTX context;
        X509V3_set_ctx(&context, issuer == nullptr ? made : issuer, made, nullptr, nullptr, 0);
        const auto extend = [&](int what, const char* value) {
            X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value);
            X509_add_ext(made, extension, -1);
            X509_EXTENSION_free(extension);
        };
        extend(NID_basic_constraints, kind);
        if (!hosts.empty()) extend(NID_subject_alt_name, hosts.c_str());
        X509_sign(made, key_, EVP_sha256());
        return made;
    }
    static std::string digest(X509* certificate) {
        unsigned char bytes[EVP_MAX_MD_SIZE];
        unsigned size = 0;
        X509_digest(certificate, EVP_sha256(), bytes, &size);
        std::string text;
        for (unsigned i = 0; i < size; ++i) {
            if (i != 0) text += ':';
            text += "0123456789ABCDEF"[bytes[i] >> 4];
            text += "0123456789ABCDEF"[bytes[i] & 15];
        }
        return text;
    }
    static void write(const std::string& path, X509* certificate) {
        std::FILE* file = std::fopen(path.c_str(), "wb");
        PEM_write_X509(file, certificate);
        std::fclose(file);
    }

    std::string folder_, name_;
    EVP_PKEY* key_ = nullptr;
    X509* certificate_ = nullptr;
    long serial_ = 0;
};

struct Folder {
    std::string path;
    Folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "tenon-tls-XXXXXX").string();
        path = ::mkdtemp(pattern.data()) == nullptr ? "." : pattern;
    }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() {
        if (path != ".") std::filesystem::remove_all(path);
    }
};

// One for all tests of a program.
struct Set {
    Folder folder;
    Authority authority{folder.path, "authority"}, other{folder.path, "other"};
    Files good = authority.issue("good", "DNS:localhost,IP:127.0.0.1");
    Files foreign = authority.issue("foreign", "DNS:game.example");
    Files expired = authority.issue("expired", "DNS:localhost,IP:127.0.0.1", -60);
    Files strange = other.issue("strange", "DNS:localhost,IP:127.0.0.1");

    static Set& get() {
        static Set set;
        return set;
    }
};

} // namespace certificates
