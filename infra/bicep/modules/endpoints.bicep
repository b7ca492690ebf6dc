metadata description = 'The private endpoints of everything that the private deployment talks to.'

import { dnsZones } from 'network.bicep'

@description('Azure region of the network.')
param location string

@description('Tags of every resource.')
param tags object

@description('What the names of the endpoints end with.')
param suffix string

@description('Resource ID of the subnet.')
param subnetId string

@description('Resource IDs of the private DNS zones.')
param zones dnsZones

@description('Resource ID of the account of the videos.')
param dataAccountId string

@description('Resource ID of the account of the host and of Azure Machine Learning.')
param opsAccountId string

@description('Resource ID of the key vault.')
param vaultId string

@description('Resource ID of the container registry.')
param registryId string

@description('Resource ID of the workspace.')
param workspaceId string

@description('Resource ID of the function app.')
param appId string

var services = [
  { name: 'data-blob', id: dataAccountId, groupId: 'blob', zones: [zones.blob] }
  { name: 'ops-blob', id: opsAccountId, groupId: 'blob', zones: [zones.blob] }
  { name: 'ops-queue', id: opsAccountId, groupId: 'queue', zones: [zones.queue] }
  { name: 'ops-table', id: opsAccountId, groupId: 'table', zones: [zones.table] }
  { name: 'ops-file', id: opsAccountId, groupId: 'file', zones: [zones.file] }
  { name: 'vault', id: vaultId, groupId: 'vault', zones: [zones.vault] }
  { name: 'registry', id: registryId, groupId: 'registry', zones: [zones.registry] }
  { name: 'workspace', id: workspaceId, groupId: 'amlworkspace', zones: [zones.machineLearning, zones.notebooks] }
  { name: 'app', id: appId, groupId: 'sites', zones: [zones.sites] }
]

module endpoint 'privateEndpoint.bicep' = [
  for service in services: {
    name: 'endpoint-${service.name}'
    params: {
      location: location
      tags: tags
      name: 'pe-${service.name}-${suffix}'
      subnetId: subnetId
      serviceId: service.id
      groupId: service.groupId
      dnsZoneIds: service.zones
    }
  }
]
