BEGIN TRANSACTION;
CREATE TABLE "OS" (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR(20) NOT NULL, 
	prettyname VARCHAR(64) DEFAULT '' NOT NULL, 
	type VARCHAR(30) NOT NULL, 
	installtype VARCHAR(30) DEFAULT 'image' NOT NULL, 
	UNIQUE (name), 
	UNIQUE (prettyname), 
	FOREIGN KEY(type) REFERENCES "OStype" (name)
);
INSERT INTO "OS" VALUES(2,'sun4x_58','Solaris 5.8 (Lab)','unix','none');
INSERT INTO "OS" VALUES(16,'vmwarewinxp','Windows XP (VMware)','windows','vmware');
INSERT INTO "OS" VALUES(31,'vmwarewin2008','Windows Server 2008 (VMware)','windows','vmware');
INSERT INTO "OS" VALUES(33,'vmwarewinvista','Windows Vista (VMware)','windows','vmware');
INSERT INTO "OS" VALUES(35,'vmwarewin7','Windows 7 (VMware)','windows','vmware');
INSERT INTO "OS" VALUES(36,'vmwarelinux','Generic Linux (VMware)','linux','vmware');
INSERT INTO "OS" VALUES(37,'vmwarewin2003','Windows 2003 Server (VMware)','windows','vmware');
INSERT INTO "OS" VALUES(39,'vmwareosx','OSX Snow Leopard (VMware)','osx','vmware');
INSERT INTO "OS" VALUES(44,'vmwareubuntu','Ubuntu (VMware)','linux','vmware');
INSERT INTO "OS" VALUES(45,'vmwarewin8','Windows 8.x (VMware)','windows','vmware');
INSERT INTO "OS" VALUES(47,'vmwarewin2012','Windows Server 2012 (VMware)','windows','vmware');
INSERT INTO "OS" VALUES(56,'vmwarewin10','Windows 10.x (VMware)','windows','vmware');
INSERT INTO "OS" VALUES(58,'vmwarewin2016','Windows Server 2016 (VMware)','windows','vmware');
CREATE TABLE "OStype" (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR(30) NOT NULL, 
	UNIQUE (name)
);
INSERT INTO "OStype" VALUES(1,'windows');
INSERT INTO "OStype" VALUES(2,'linux');
INSERT INTO "OStype" VALUES(3,'unix');
INSERT INTO "OStype" VALUES(4,'osx');
CREATE TABLE affiliation (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR(40) NOT NULL, 
	"dataUpdateText" TEXT NOT NULL, 
	UNIQUE (name)
);
INSERT INTO "affiliation" VALUES(1,'Local','');
CREATE TABLE computer (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	stateid INTEGER DEFAULT '10' NOT NULL, 
	ownerid INTEGER DEFAULT '1', 
	vmhostid INTEGER, 
	currentimageid INTEGER DEFAULT '1' NOT NULL, 
	nextimageid INTEGER DEFAULT '1' NOT NULL, 
	imagerevisionid INTEGER DEFAULT '1' NOT NULL, 
	"RAM" INTEGER DEFAULT '0' NOT NULL, 
	procnumber INTEGER DEFAULT '1' NOT NULL, 
	hostname VARCHAR(36) DEFAULT '' NOT NULL, 
	"IPaddress" VARCHAR(15) DEFAULT '' NOT NULL, 
	"privateIPaddress" VARCHAR(15), 
	eth0macaddress VARCHAR(17), 
	eth1macaddress VARCHAR(17), 
	type VARCHAR(14) DEFAULT 'blade' NOT NULL, 
	provisioningid INTEGER NOT NULL, 
	deleted INTEGER DEFAULT '0' NOT NULL, 
	datedeleted VARCHAR(19) DEFAULT '0000-00-00 00:00:00' NOT NULL, 
	notes TEXT, 
	UNIQUE (hostname, datedeleted), 
	UNIQUE (eth0macaddress, datedeleted), 
	UNIQUE (eth1macaddress, datedeleted), 
	FOREIGN KEY(stateid) REFERENCES state (id), 
	FOREIGN KEY(ownerid) REFERENCES user (id), 
	FOREIGN KEY(vmhostid) REFERENCES vmhost (id) ON DELETE SET NULL, 
	FOREIGN KEY(currentimageid) REFERENCES image (id), 
	FOREIGN KEY(nextimageid) REFERENCES image (id), 
	FOREIGN KEY(imagerevisionid) REFERENCES imagerevision (id), 
	FOREIGN KEY(provisioningid) REFERENCES provisioning (id)
);
INSERT INTO "computer" VALUES(1,20,1,NULL,1,1,1,0,1,'kvm1','',NULL,NULL,NULL,'blade',10,0,'0000-00-00 00:00:00',NULL);
INSERT INTO "computer" VALUES(2,2,1,1,12,1,2,1024,1,'vm1.lab','','10.0.0.5','52:54:00:e5:0c:17','52:54:00:e8:1e:c7','virtualmachine',9,0,'0000-00-00 00:00:00',NULL);
CREATE TABLE computerloadlog (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	reservationid INTEGER NOT NULL, 
	computerid INTEGER NOT NULL, 
	loadstateid INTEGER NOT NULL, 
	timestamp VARCHAR(19), 
	additionalinfo TEXT, 
	FOREIGN KEY(reservationid) REFERENCES reservation (id) ON DELETE CASCADE, 
	FOREIGN KEY(computerid) REFERENCES computer (id), 
	FOREIGN KEY(loadstateid) REFERENCES computerloadstate (id)
);
INSERT INTO "computerloadlog" VALUES(1,1,2,11,'2026-11-23 12:43:35','x');
CREATE TABLE computerloadstate (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	loadstatename VARCHAR(24) NOT NULL, 
	prettyname VARCHAR(50), 
	est INTEGER, 
	UNIQUE (loadstatename)
);
INSERT INTO "computerloadstate" VALUES(1,'info','info',2);
INSERT INTO "computerloadstate" VALUES(2,'loadimageblade','must reload computer',0);
INSERT INTO "computerloadstate" VALUES(3,'statuscheck','computer status check',10);
INSERT INTO "computerloadstate" VALUES(4,'loadimagecomplete','running post configuration',0);
INSERT INTO "computerloadstate" VALUES(5,'loadimagefailed','preparing computer failed',2);
INSERT INTO "computerloadstate" VALUES(6,'failed','reservation failed',2);
INSERT INTO "computerloadstate" VALUES(7,'WARNING','WARNING',2);
INSERT INTO "computerloadstate" VALUES(8,'reserved','ready for Connect',0);
INSERT INTO "computerloadstate" VALUES(9,'doesimageexists','confirming image exists locally',4);
INSERT INTO "computerloadstate" VALUES(10,'copyfrompartnerMN','copy image from partner management node',0);
INSERT INTO "computerloadstate" VALUES(11,'startload','starting load process',6);
INSERT INTO "computerloadstate" VALUES(12,'transfervm','transferring image files to host server',255);
INSERT INTO "computerloadstate" VALUES(13,'vmsetupconfig','creating configuration file',2);
INSERT INTO "computerloadstate" VALUES(14,'startvm','starting virtual machine',3);
INSERT INTO "computerloadstate" VALUES(15,'machinebooted','machine booting',68);
INSERT INTO "computerloadstate" VALUES(16,'nodeready','resource ready',0);
INSERT INTO "computerloadstate" VALUES(17,'addinguser','adding user account',18);
INSERT INTO "computerloadstate" VALUES(18,'postreserve','post reserve completed',0);
INSERT INTO "computerloadstate" VALUES(19,'connected','detected user connection',2);
INSERT INTO "computerloadstate" VALUES(20,'timeout','timeout',2);
INSERT INTO "computerloadstate" VALUES(21,'repeat','repeat',0);
INSERT INTO "computerloadstate" VALUES(22,'deleted','deleted',NULL);
INSERT INTO "computerloadstate" VALUES(23,'begin','beginning to process reservation',0);
INSERT INTO "computerloadstate" VALUES(24,'exited','vcld process exited',0);
INSERT INTO "computerloadstate" VALUES(25,'acknowledgetimeout','start acknowledge timeout',0);
INSERT INTO "computerloadstate" VALUES(26,'noinitialconnection','initial user connection not detected',0);
INSERT INTO "computerloadstate" VALUES(27,'initialconnecttimeout','initial user connection timeout',0);
INSERT INTO "computerloadstate" VALUES(28,'reconnecttimeout','user reconnection timeout',0);
CREATE TABLE image (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR(70) DEFAULT '' NOT NULL, 
	prettyname VARCHAR(80) DEFAULT '' NOT NULL, 
	ownerid INTEGER DEFAULT '1', 
	imagetypeid INTEGER DEFAULT '1' NOT NULL, 
	"OSid" INTEGER DEFAULT '0' NOT NULL, 
	imagemetaid INTEGER, 
	minram INTEGER DEFAULT '0' NOT NULL, 
	minprocnumber INTEGER DEFAULT '0' NOT NULL, 
	deleted INTEGER DEFAULT '0' NOT NULL, 
	lastupdate VARCHAR(19), 
	size INTEGER DEFAULT '0' NOT NULL, 
	architecture VARCHAR(6) DEFAULT 'x86' NOT NULL, 
	basedoffrevisionid INTEGER, 
	UNIQUE (name), 
	UNIQUE (prettyname), 
	FOREIGN KEY(ownerid) REFERENCES user (id), 
	FOREIGN KEY(imagetypeid) REFERENCES imagetype (id), 
	FOREIGN KEY("OSid") REFERENCES "OS" (id), 
	FOREIGN KEY(imagemetaid) REFERENCES imagemeta (id) ON DELETE SET NULL, 
	FOREIGN KEY(basedoffrevisionid) REFERENCES imagerevision (id)
);
INSERT INTO "image" VALUES(1,'noimage','No Image',1,1,2,NULL,0,1,0,NULL,0,'x86',NULL);
INSERT INTO "image" VALUES(12,'linux-Base-12-v1','Base',1,7,36,NULL,512,1,0,'2026-11-23 12:43:35',0,'x86_64',NULL);
CREATE TABLE imagemeta (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	checkuser INTEGER DEFAULT '1' NOT NULL, 
	subimages INTEGER DEFAULT '0' NOT NULL, 
	sysprep INTEGER DEFAULT '1' NOT NULL, 
	postoption VARCHAR(32), 
	architecture VARCHAR(10), 
	rootaccess INTEGER DEFAULT '1' NOT NULL, 
	sethostname INTEGER
);
CREATE TABLE imagerevision (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	imageid INTEGER NOT NULL, 
	revision INTEGER NOT NULL, 
	userid INTEGER NOT NULL, 
	datecreated VARCHAR(19) NOT NULL, 
	deleted INTEGER NOT NULL, 
	datedeleted VARCHAR(19), 
	production INTEGER NOT NULL, 
	imagename VARCHAR(75) NOT NULL, 
	UNIQUE (production, imagename), 
	UNIQUE (imageid, revision), 
	FOREIGN KEY(imageid) REFERENCES image (id), 
	FOREIGN KEY(userid) REFERENCES user (id)
);
INSERT INTO "imagerevision" VALUES(1,1,0,1,'2026-11-23 12:43:35',0,NULL,1,'noimage');
INSERT INTO "imagerevision" VALUES(2,12,1,1,'2026-11-23 12:43:35',0,NULL,1,'linux-Base-12-v1');
CREATE TABLE imagetype (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR(16) NOT NULL, 
	UNIQUE (name)
);
INSERT INTO "imagetype" VALUES(1,'none');
INSERT INTO "imagetype" VALUES(2,'partimage');
INSERT INTO "imagetype" VALUES(3,'partimage-ng');
INSERT INTO "imagetype" VALUES(4,'lab');
INSERT INTO "imagetype" VALUES(5,'kickstart');
INSERT INTO "imagetype" VALUES(6,'vmdk');
INSERT INTO "imagetype" VALUES(7,'qcow2');
INSERT INTO "imagetype" VALUES(8,'vdi');
INSERT INTO "imagetype" VALUES(9,'raw');
CREATE TABLE managementnode (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	"IPaddress" VARCHAR(15) DEFAULT '' NOT NULL, 
	hostname VARCHAR(50) DEFAULT '' NOT NULL, 
	ownerid INTEGER DEFAULT '1' NOT NULL, 
	stateid INTEGER DEFAULT '0' NOT NULL, 
	availablenetworks TEXT NOT NULL, 
	UNIQUE (hostname), 
	FOREIGN KEY(ownerid) REFERENCES user (id), 
	FOREIGN KEY(stateid) REFERENCES state (id)
);
INSERT INTO "managementnode" VALUES(1,'','mn1',1,2,'');
CREATE TABLE module (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR(30) NOT NULL, 
	prettyname VARCHAR(70) NOT NULL, 
	description VARCHAR(255) NOT NULL, 
	perlpackage VARCHAR(150) NOT NULL, 
	UNIQUE (name)
);
INSERT INTO "module" VALUES(23,'base_module','VCL Base Module','','VCL::Module');
INSERT INTO "module" VALUES(27,'provisioning_libvirt','Libvirt Provisioning Module','','VCL::Module::Provisioning::libvirt');
CREATE TABLE provisioning (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR(30) NOT NULL, 
	prettyname VARCHAR(70) NOT NULL, 
	moduleid INTEGER NOT NULL, 
	UNIQUE (name), 
	FOREIGN KEY(moduleid) REFERENCES module (id)
);
INSERT INTO "provisioning" VALUES(9,'libvirt','Libvirt Virtualization API',27);
INSERT INTO "provisioning" VALUES(10,'none','None',23);
CREATE TABLE request (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	stateid INTEGER DEFAULT '0' NOT NULL, 
	userid INTEGER DEFAULT '0' NOT NULL, 
	laststateid INTEGER DEFAULT '0' NOT NULL, 
	start VARCHAR(19) DEFAULT '0000-00-00 00:00:00' NOT NULL, 
	"end" VARCHAR(19) DEFAULT '0000-00-00 00:00:00' NOT NULL, 
	daterequested VARCHAR(19) DEFAULT '0000-00-00 00:00:00' NOT NULL, 
	FOREIGN KEY(stateid) REFERENCES state (id), 
	FOREIGN KEY(userid) REFERENCES user (id), 
	FOREIGN KEY(laststateid) REFERENCES state (id)
);
INSERT INTO "request" VALUES(1,8,1,3,'2026-11-23 12:43:35','2026-11-23 14:43:35','2026-11-23 12:43:35');
CREATE TABLE reservation (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	requestid INTEGER DEFAULT '0' NOT NULL, 
	computerid INTEGER DEFAULT '0' NOT NULL, 
	imageid INTEGER DEFAULT '0' NOT NULL, 
	imagerevisionid INTEGER DEFAULT '0' NOT NULL, 
	managementnodeid INTEGER DEFAULT '1' NOT NULL, 
	lastcheck VARCHAR(19) DEFAULT '0000-00-00 00:00:00', 
	FOREIGN KEY(requestid) REFERENCES request (id) ON DELETE CASCADE, 
	FOREIGN KEY(computerid) REFERENCES computer (id), 
	FOREIGN KEY(imageid) REFERENCES image (id), 
	FOREIGN KEY(imagerevisionid) REFERENCES imagerevision (id), 
	FOREIGN KEY(managementnodeid) REFERENCES managementnode (id)
);
INSERT INTO "reservation" VALUES(1,1,2,12,2,1,NULL);
CREATE TABLE resource (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	resourcetypeid INTEGER DEFAULT '0' NOT NULL, 
	subid INTEGER DEFAULT '0' NOT NULL, 
	UNIQUE (resourcetypeid, subid), 
	FOREIGN KEY(resourcetypeid) REFERENCES resourcetype (id)
);
INSERT INTO "resource" VALUES(4,13,1);
INSERT INTO "resource" VALUES(5,13,12);
CREATE TABLE resourcetype (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR(50) DEFAULT '' NOT NULL, 
	UNIQUE (name)
);
INSERT INTO "resourcetype" VALUES(12,'computer');
INSERT INTO "resourcetype" VALUES(13,'image');
INSERT INTO "resourcetype" VALUES(15,'schedule');
INSERT INTO "resourcetype" VALUES(16,'managementnode');
CREATE TABLE state (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR(20) DEFAULT '' NOT NULL, 
	UNIQUE (name)
);
INSERT INTO "state" VALUES(1,'deleted');
INSERT INTO "state" VALUES(2,'available');
INSERT INTO "state" VALUES(3,'reserved');
INSERT INTO "state" VALUES(4,'classreserved');
INSERT INTO "state" VALUES(5,'failed');
INSERT INTO "state" VALUES(6,'reloading');
INSERT INTO "state" VALUES(7,'imageinuse');
INSERT INTO "state" VALUES(8,'inuse');
INSERT INTO "state" VALUES(9,'cleaning');
INSERT INTO "state" VALUES(10,'maintenance');
INSERT INTO "state" VALUES(11,'timeout');
INSERT INTO "state" VALUES(12,'complete');
INSERT INTO "state" VALUES(13,'new');
INSERT INTO "state" VALUES(14,'pending');
INSERT INTO "state" VALUES(15,'imageprep');
INSERT INTO "state" VALUES(16,'image');
INSERT INTO "state" VALUES(17,'makeproduction');
INSERT INTO "state" VALUES(18,'tomaintenance');
INSERT INTO "state" VALUES(19,'reload');
INSERT INTO "state" VALUES(20,'vmhostinuse');
INSERT INTO "state" VALUES(21,'tovmhostinuse');
INSERT INTO "state" VALUES(22,'tohpc');
INSERT INTO "state" VALUES(23,'hpc');
INSERT INTO "state" VALUES(24,'checkpoint');
INSERT INTO "state" VALUES(25,'serverinuse');
INSERT INTO "state" VALUES(26,'rebootsoft');
INSERT INTO "state" VALUES(27,'reinstall');
INSERT INTO "state" VALUES(28,'reboothard');
INSERT INTO "state" VALUES(29,'servermodified');
CREATE TABLE user (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	unityid VARCHAR(80) DEFAULT '' NOT NULL, 
	affiliationid INTEGER DEFAULT '1' NOT NULL, 
	firstname VARCHAR(20) DEFAULT '' NOT NULL, 
	lastname VARCHAR(25) DEFAULT '' NOT NULL, 
	email VARCHAR(80) NOT NULL, 
	UNIQUE (unityid, affiliationid), 
	FOREIGN KEY(affiliationid) REFERENCES affiliation (id)
);
INSERT INTO "user" VALUES(1,'admin',1,'vcl','admin','root@localhost');
INSERT INTO "user" VALUES(2,'vclreload',1,'vcl','reload','');
INSERT INTO "user" VALUES(3,'vclsystem',1,'vcl','system','');
CREATE TABLE variable (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR(128) NOT NULL, 
	serialization VARCHAR(12) DEFAULT 'none' NOT NULL, 
	value TEXT NOT NULL, 
	setby VARCHAR(128), 
	timestamp VARCHAR(19) NOT NULL, 
	UNIQUE (name)
);
INSERT INTO "variable" VALUES(1,'vcltui-schema','none','1','vcltui','2026-11-23 12:43:35');
CREATE TABLE vcldsemaphore (
	identifier VARCHAR(256) NOT NULL, 
	reservationid INTEGER NOT NULL, 
	pid INTEGER NOT NULL, 
	expires VARCHAR(19) NOT NULL, 
	PRIMARY KEY (identifier), 
	FOREIGN KEY(reservationid) REFERENCES reservation (id) ON DELETE CASCADE
);
CREATE TABLE vcltui_host (
	vmhostid INTEGER NOT NULL, 
	uri VARCHAR(1024) NOT NULL, 
	driver VARCHAR(64), 
	xml_directory VARCHAR(1024) NOT NULL, 
	domain_name_style VARCHAR(16) NOT NULL, 
	guest_method VARCHAR(16) NOT NULL, 
	guest_user VARCHAR(64) NOT NULL, 
	guest_identity_file VARCHAR(1024), 
	guest_ports VARCHAR(128) NOT NULL, 
	guest_proxy_jump VARCHAR(256), 
	guest_boot_timeout_seconds FLOAT NOT NULL, 
	guest_shutdown_timeout_seconds FLOAT NOT NULL, 
	PRIMARY KEY (vmhostid), 
	FOREIGN KEY(vmhostid) REFERENCES vmhost (id) ON DELETE CASCADE
);
INSERT INTO "vcltui_host" VALUES(1,'qemu+ssh://root@kvm1/system',NULL,'/tmp/vcl','seed','ssh','root',NULL,'22,24',NULL,605.0,300.0);
CREATE TABLE vmhost (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	computerid INTEGER NOT NULL, 
	vmprofileid INTEGER NOT NULL, 
	UNIQUE (computerid, vmprofileid), 
	FOREIGN KEY(computerid) REFERENCES computer (id), 
	FOREIGN KEY(vmprofileid) REFERENCES vmprofile (id)
);
INSERT INTO "vmhost" VALUES(1,1,1);
CREATE TABLE vmprofile (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	profilename VARCHAR(56) NOT NULL, 
	imageid INTEGER NOT NULL, 
	repositorypath VARCHAR(128), 
	repositoryimagetypeid INTEGER DEFAULT '1' NOT NULL, 
	datastorepath VARCHAR(128) NOT NULL, 
	datastoreimagetypeid INTEGER DEFAULT '1' NOT NULL, 
	vmpath VARCHAR(128), 
	virtualswitch0 VARCHAR(80) DEFAULT 'VMnet0' NOT NULL, 
	virtualswitch1 VARCHAR(80) DEFAULT 'VMnet2' NOT NULL, 
	eth0generated INTEGER DEFAULT '0' NOT NULL, 
	eth1generated INTEGER DEFAULT '0' NOT NULL, 
	UNIQUE (profilename), 
	FOREIGN KEY(imageid) REFERENCES image (id), 
	FOREIGN KEY(repositoryimagetypeid) REFERENCES imagetype (id), 
	FOREIGN KEY(datastoreimagetypeid) REFERENCES imagetype (id)
);
INSERT INTO "vmprofile" VALUES(1,'local',1,NULL,7,'/d',7,NULL,'default','',0,0);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('state',29);
INSERT INTO "sqlite_sequence" VALUES('affiliation',1);
INSERT INTO "sqlite_sequence" VALUES('user',3);
INSERT INTO "sqlite_sequence" VALUES('managementnode',1);
INSERT INTO "sqlite_sequence" VALUES('module',27);
INSERT INTO "sqlite_sequence" VALUES('provisioning',10);
INSERT INTO "sqlite_sequence" VALUES('OStype',4);
INSERT INTO "sqlite_sequence" VALUES('OS',58);
INSERT INTO "sqlite_sequence" VALUES('imagetype',9);
INSERT INTO "sqlite_sequence" VALUES('computerloadstate',28);
INSERT INTO "sqlite_sequence" VALUES('resourcetype',16);
INSERT INTO "sqlite_sequence" VALUES('image',12);
INSERT INTO "sqlite_sequence" VALUES('imagerevision',2);
INSERT INTO "sqlite_sequence" VALUES('resource',5);
INSERT INTO "sqlite_sequence" VALUES('variable',1);
INSERT INTO "sqlite_sequence" VALUES('vmprofile',1);
INSERT INTO "sqlite_sequence" VALUES('computer',2);
INSERT INTO "sqlite_sequence" VALUES('vmhost',1);
INSERT INTO "sqlite_sequence" VALUES('request',1);
INSERT INTO "sqlite_sequence" VALUES('reservation',1);
INSERT INTO "sqlite_sequence" VALUES('computerloadlog',1);
COMMIT;
